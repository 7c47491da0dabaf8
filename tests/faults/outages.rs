//! A line that breaks while a session is loaded: the answer is a refusal, and the very next request
//! works.

use crate::app::{number, refused};
use crate::engines::{Engine, PATIENCE, SLACK, Terms, on_each_engine};
use crate::proxy::Mode;
use session::store::StoreErrorKind;
use std::time::{Duration, Instant};

on_each_engine! {
    rule_27_a_line_that_breaks_at_load_is_a_refusal_and_the_next_request_works
    rule_27_requests_that_do_not_extract_never_touch_the_line
    rule_27_when_all_connections_broke_one_request_at_most_finds_out
}

async fn rule_27_a_line_that_breaks_at_load_is_a_refusal_and_the_next_request_works(
    engine: Engine,
) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    let modes = [
        Mode::CutReply(0),
        Mode::CutReply(1),
        Mode::CutReply(3),
        Mode::CutReply(30),
        Mode::CutRequest(0),
        Mode::CutRequest(5),
        Mode::HalfClose,
    ];
    for (before, mode) in (0..).zip(modes) {
        site.heard.take();
        proxy.set(mode);
        let begin = Instant::now();
        let reply = ann.sends("/hit").await;
        let took = begin.elapsed();
        assert!(took < PATIENCE + SLACK, "{mode:?} took {took:?}");
        refused(&reply);
        for outage in site.heard.outages() {
            let kind = outage.kind.expect("an outage");
            let expected = [StoreErrorKind::Timeout, StoreErrorKind::Unavailable];
            assert!(expected.contains(&kind), "{mode:?}: {outage:?}");
        }
        proxy.set(Mode::Forward);
        let text = ann.gets("/hit").await;
        assert_eq!(number(&text, "hits"), before + 1, "{mode:?}: {text}");
    }
}

async fn rule_27_requests_that_do_not_extract_never_touch_the_line(engine: Engine) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    site.heard.take();
    for mode in [Mode::CutRequest(0), Mode::CutReply(0), Mode::BlackHole, Mode::HalfClose] {
        proxy.set(mode);
        let reply = ann.sends("/untouched").await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "fine"), "{mode:?}");
        assert!(reply.is_silent() && site.heard.take().is_empty(), "{mode:?}: {reply:?}");
    }
}

/// A restart that nobody noticed: the pool is full of connections that lead nowhere.
async fn rule_27_when_all_connections_broke_one_request_at_most_finds_out(engine: Engine) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    // As many connections as there are requests at once.
    proxy.set(Mode::Delay(Duration::from_millis(30)));
    let reading = (0..6).map(|_| {
        let ann = ann.clone();
        tokio::spawn(async move { ann.sends("/read").await.status })
    });
    for status in reading.collect::<Vec<_>>() {
        assert_eq!(status.await.expect("an answer"), 200);
    }
    proxy.break_all().await;
    let mut refusals = 0;
    for _ in 0..12 {
        let reply = ann.sends("/hit").await;
        if reply.status != 200 {
            refused(&reply);
            refusals += 1;
        }
    }
    assert!(refusals <= 1, "{refusals} requests of 12 were refused by a server that is well");
}
