//! A line that breaks while a session is written: nobody knows whether it was. Then the row is as
//! before or as after the request, and the request can be sent once more.

use crate::app::{Site, Visitor, number, refused, shown};
use crate::engines::{Engine, PATIENCE, RECOVERY, SLACK, Terms, on_each_engine};
use crate::proxy::{Mode, Proxy};
use std::time::Instant;

on_each_engine! {
    rule_27_a_write_without_an_answer_is_done_or_not_and_a_retry_adds_up
    rule_11_a_logout_without_an_answer_is_refused_and_a_retry_ends_the_session
    rule_31_a_login_without_an_answer_leaves_the_old_id_or_ends_it
}

const MODES: [Mode; 7] = [
    Mode::SwallowReplies,
    Mode::CutReply(0),
    Mode::CutReply(2),
    Mode::CutRequest(0),
    Mode::CutRequest(7),
    Mode::HalfClose,
    Mode::BlackHole,
];

/// The session is read; then the line changes; then it is written.
async fn breaks_at_write(site: &Site, proxy: &Proxy, mode: Mode, who: &mut Visitor, path: &str) {
    site.heard.take();
    let set = proxy.setter();
    site.between.once(move || set(mode));
    let begin = Instant::now();
    let reply = who.asks(path).await;
    let took = begin.elapsed();
    // The index and the row, or the row and its index: two calls that wait.
    assert!(took < 2 * PATIENCE + SLACK, "{mode:?} took {took:?}");
    refused(&reply);
    site.heard.outages();
    assert!(reply.error.is_some(), "outer layers find the reason: {mode:?}");
    proxy.set(Mode::Forward);
}

async fn rule_27_a_write_without_an_answer_is_done_or_not_and_a_retry_adds_up(engine: Engine) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    // Another instance of the app, whose line is well.
    let other = engine.site(&engine.url(), Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    // The server knows the script, or the statement.
    let mut hits = number(&ann.gets("/note/0").await, "hits");
    for (round, mode) in (1u64..).zip(MODES) {
        breaks_at_write(&site, &proxy, mode, &mut ann, &format!("/note/{round}")).await;
        let mut elsewhere = other.visitor_with(&ann.cookie);
        let begin = Instant::now();
        let text = loop {
            let text = elsewhere.gets("/read").await;
            let done = (number(&text, "hits"), shown(&text, "note").to_owned());
            let before = done == (hits, (round - 1).to_string());
            let after = done == (hits + 1, round.to_string());
            assert!(before || after, "{mode:?}: neither before nor after: {text}");
            // What reached the server is carried out, though nobody hears of it.
            if after || mode != Mode::SwallowReplies {
                break text;
            }
            assert!(begin.elapsed() < RECOVERY, "{mode:?}: the server got the write: {text}");
        };
        hits = number(&text, "hits");
        // Once more, beside somebody else's change.
        elsewhere.gets("/left/7").await;
        let text = ann.gets_in(RECOVERY, &format!("/note/{round}")).await;
        hits += 1;
        let seen = elsewhere.gets("/read").await;
        assert_eq!((number(&seen, "hits"), number(&seen, "left")), (hits, 7), "{mode:?}: {text}");
        assert_eq!(shown(&seen, "note"), round.to_string(), "{mode:?}");
    }
}

async fn rule_11_a_logout_without_an_answer_is_refused_and_a_retry_ends_the_session(
    engine: Engine,
) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    for mode in MODES {
        let mut ann = site.visitor();
        ann.gets_in(RECOVERY, "/login/ann").await;
        let cookie = ann.cookie.clone();
        breaks_at_write(&site, &proxy, mode, &mut ann, "/logout").await;
        // The browser may have been told to forget its cookie; who kept it tries again.
        let mut again = site.visitor_with(&cookie);
        again.gets_in(RECOVERY, "/logout").await;
        let text = site.visitor_with(&cookie).gets("/read").await;
        assert_eq!(shown(&text, "user"), "", "{mode:?}: {text}");
    }
}

async fn rule_31_a_login_without_an_answer_leaves_the_old_id_or_ends_it(engine: Engine) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let other = engine.site(&engine.url(), Terms::default()).await;
    for mode in MODES {
        let mut ann = site.visitor();
        ann.gets_in(RECOVERY, "/hit").await;
        let cookie = ann.cookie.clone();
        breaks_at_write(&site, &proxy, mode, &mut ann, "/login/ann").await;
        // Rotated, its new id is nobody's; not rotated, it is logged in nowhere. No old id is.
        let text = other.visitor_with(&cookie).gets("/read").await;
        assert_eq!(shown(&text, "user"), "", "{mode:?}: the old id is not logged in: {text}");
    }
}
