//! A server that says nothing: nobody waits for long, and nothing has to be restarted.

use crate::app::{number, refused};
use crate::engines::{Engine, PATIENCE, RECOVERY, SLACK, Terms, on_each_engine};
use crate::proxy::Mode;
use session::OnOutage;
use session::store::StoreErrorKind;
use std::time::{Duration, Instant};

on_each_engine! {
    rule_27_a_silent_server_is_not_waited_for_longer_than_the_store_says
    rule_27_a_silent_server_is_not_waited_for_longer_than_the_layer_says
    rule_27_ignoring_an_outage_gives_a_blank_session_that_is_never_written
    rule_27_a_slow_server_is_waited_for
}

/// The store's client gives up; the layer would wait for longer.
async fn rule_27_a_silent_server_is_not_waited_for_longer_than_the_store_says(engine: Engine) {
    a_silent_server(engine, Terms::default()).await;
}

/// The layer gives up; the store's client would wait for longer, and has to find out all the same
/// that its connection is good for nothing.
async fn rule_27_a_silent_server_is_not_waited_for_longer_than_the_layer_says(engine: Engine) {
    let store = Duration::from_secs(20);
    a_silent_server(engine, Terms { store, layer: PATIENCE, ..Terms::default() }).await;
}

async fn a_silent_server(engine: Engine, terms: Terms) {
    let (site, proxy) = engine.behind_proxy(terms).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    site.heard.take();

    proxy.set(Mode::BlackHole);
    for path in ["/hit", "/read", "/logout", "/optional"] {
        let begin = Instant::now();
        refused(&ann.sends(path).await);
        let took = begin.elapsed();
        assert!(took < PATIENCE + SLACK, "{path} took {took:?}");
        for outage in site.heard.outages() {
            let kind = outage.kind.expect("an outage");
            let expected = [StoreErrorKind::Timeout, StoreErrorKind::Unavailable];
            assert!(expected.contains(&kind), "{path}: {outage:?}");
        }
    }
    // A write of somebody who brings nothing: the index, or the row.
    let begin = Instant::now();
    refused(&site.visitor().asks("/login/bob").await);
    assert!(begin.elapsed() < PATIENCE + SLACK, "{:?}", begin.elapsed());
    site.heard.outages();
    // Who does not use the session, or brings none and changes nothing, is not concerned.
    assert_eq!(ann.gets("/untouched").await, "fine");
    site.visitor().gets("/read").await;
    assert!(site.heard.take().is_empty());

    proxy.set(Mode::Forward);
    let text = ann.gets_in(RECOVERY, "/hit").await;
    assert!(text.starts_with("hits=1 user=ann "), "{text}");
}

async fn rule_27_ignoring_an_outage_gives_a_blank_session_that_is_never_written(engine: Engine) {
    let terms = Terms { on_outage: OnOutage::Ignore, ..Terms::default() };
    let (site, proxy) = engine.behind_proxy(terms).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    ann.gets("/hit").await;
    site.heard.take();

    proxy.set(Mode::BlackHole);
    for path in ["/read", "/hit", "/login/eve"] {
        let reply = ann.sends(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        assert!(reply.is_silent(), "{path} sends no cookie: {reply:?}");
        assert!(!reply.body.contains("ann"), "{path}: {reply:?}");
        site.heard.outages();
    }
    refused(&ann.sends("/optional").await);

    proxy.set(Mode::Forward);
    // Blank until the store is found to be back; then as it was.
    let begin = Instant::now();
    loop {
        let text = ann.gets("/read").await;
        if text.contains("user=ann") {
            assert_eq!(number(&text, "hits"), 1, "{text}");
            break;
        }
        assert!(begin.elapsed() < RECOVERY, "{text}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn rule_27_a_slow_server_is_waited_for(engine: Engine) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/hit").await;
    proxy.set(Mode::Delay(Duration::from_millis(60)));
    let begin = Instant::now();
    assert_eq!(number(&ann.gets("/hit").await, "hits"), 2);
    assert!(begin.elapsed() >= Duration::from_millis(120), "two calls, both delayed");
    assert_eq!(site.heard.count("outage"), 0);
}
