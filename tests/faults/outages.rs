//! A line that breaks while a session is loaded: the answer is a refusal, and the very next request
//! works.

use crate::app::{number, refused};
use crate::engines::{Engine, PATIENCE, SLACK, Terms, on_each_engine};
use crate::proxy::Mode;
use session::store::StoreErrorKind;
use std::time::Instant;

on_each_engine! {
    rule_27_a_line_that_breaks_at_load_is_a_refusal_and_the_next_request_works
    rule_27_requests_that_do_not_extract_never_touch_the_line
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
