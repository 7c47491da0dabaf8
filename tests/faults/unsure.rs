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
    let mut carried_out = 0;
    let mut round = 0;
    for mode in MODES {
        // What is swallowed may be the answer to the preparation of a statement on a new connection:
        // then it is tried again.
        for _ in 0..if mode == Mode::SwallowReplies { 10 } else { 1 } {
            round += 1;
            breaks_at_write(&site, &proxy, mode, &mut ann, &format!("/note/{round}")).await;
            let mut elsewhere = other.visitor_with(&ann.cookie);
            // What reached the server had all the time of the refusal to be done.
            let text = elsewhere.gets("/read").await;
            let done = (number(&text, "hits"), shown(&text, "note").to_owned());
            let before = (hits, (round - 1).to_string());
            let after = (hits + 1, round.to_string());
            assert!(done == before || done == after, "{mode:?}: neither before nor after: {text}");
            // Once more, beside somebody else's change. A pool may have connections left that broke
            // with the first: what they refuse is as unsure.
            elsewhere.gets("/left/7").await;
            let refusals = retried(&mut ann, &format!("/note/{round}")).await;
            let seen = elsewhere.gets("/read").await;
            hits = number(&seen, "hits");
            // Of a line that broke the client hears before the server is done with the write.
            let late = u64::from(done == before);
            let most = done.0 + 1 + refusals + late;
            assert!(done.0 < hits && hits <= most, "{mode:?}: {refusals} refusals: {text}, {seen}");
            assert_eq!(number(&seen, "left"), 7, "{mode:?}: {seen}");
            assert_eq!(shown(&seen, "note"), round.to_string(), "{mode:?}");
            if mode == Mode::SwallowReplies && done == after {
                carried_out += 1;
                break;
            }
        }
    }
    assert_eq!(carried_out, 1, "a write was carried out of which nobody heard");
}

/// Asks until it works, and says how often it was refused before.
async fn retried(visitor: &mut Visitor, path: &str) -> u64 {
    let begin = Instant::now();
    let mut refusals = 0;
    loop {
        let reply = visitor.asks(path).await;
        if reply.status == 200 {
            return refusals;
        }
        refused(&reply);
        refusals += 1;
        assert!(begin.elapsed() < RECOVERY, "{path} does not work again");
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
