//! The feature `metrics`: what is counted and timed, and that `docs/events.md` says so.

mod recorder;

use recorder::Heard;
use session::{Event, Session, SessionLayer, TypedSession};
use session_tests::{Fault, site, stored_site};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, user: None }
}

const EVENTS: &str = "session_events_total";
const CALLS: &str = "session_store_call_seconds";

/// What was counted: event, session, how often.
fn events(heard: &Heard) -> Vec<(String, u64)> {
    let counters = heard.counters();
    let ours = counters.into_iter().filter(|(key, _)| key.name() == EVENTS);
    let mut counts: Vec<_> = ours
        .map(|(key, count)| {
            let labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
            assert!(matches!(labels[..], [("event", _), ("session", "Visit")]), "{labels:?}");
            (labels[0].1.to_owned(), count)
        })
        .collect();
    counts.sort();
    counts
}

fn calls(heard: &Heard) -> Vec<(String, usize)> {
    let histograms = heard.histograms();
    let ours = histograms.into_iter().filter(|(key, _)| key.name() == CALLS);
    let mut counts: Vec<_> = ours
        .map(|(key, values)| {
            let labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
            assert!(matches!(labels[..], [("call", _), ("session", "Visit")]), "{labels:?}");
            assert!(values.iter().all(|seconds| (0.0..60.0).contains(seconds)), "{values:?}");
            (labels[0].1.to_owned(), values.len())
        })
        .collect();
    counts.sort();
    counts
}

fn is(found: &[(String, impl Copy + Into<u64>)], expected: &[(&str, u64)], what: &str) {
    let found: Vec<_> = found.iter().map(|(name, count)| (&**name, (*count).into())).collect();
    assert_eq!(found, expected, "{what}");
}

fn timed(heard: &Heard) -> Vec<(String, u64)> {
    calls(heard).into_iter().map(|(call, count)| (call, count as u64)).collect()
}

// Fails when an event is not counted, is counted twice, or under another name or label.
#[tokio::test]
async fn rule_32_each_event_is_counted() {
    let heard = Heard::default();
    let _guard = metrics::set_default_local_recorder(&heard);
    let site = site::<Visit, _>(|b| b);
    site.run("", async |mut s: Handle| s.views = 1).await;
    let cookie = site.cookie(visit(1));
    for _ in 0..3 {
        site.run(&cookie, async |_: Handle| {}).await;
    }
    site.run(&cookie, async |mut s: Handle| s.views += 1).await;
    site.run("__Host-session=x", async |_: Handle| {}).await;
    let two = async |mut a: Handle, mut b: Handle| (a.views, b.views) = (5, 6);
    site.run("", two).await;
    let expected = [("changed", 1), ("conflict", 1), ("created", 1), ("invalid", 1), ("loaded", 4)];
    is(&events(&heard), &expected, "in cookies");
    is(&timed(&heard), &[], "cookies have no store");
}

// Fails when a call of a store is not timed, is timed twice, or under another name; or when an outage is
// not counted, or its call not timed.
#[tokio::test]
async fn rule_32_each_call_of_a_store_is_timed() {
    let heard = Heard::default();
    let _guard = metrics::set_default_local_recorder(&heard);
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    for slow in [false, true] {
        let mut visitor = site.visitor();
        visitor.sends(async |mut s: Handle| s.set_user(Some("ann".to_owned()))).await;
        if slow {
            shelf.slow_down();
        }
        visitor.sends(async |mut s: Handle| s.views += 1).await;
        site.clock.advance(session::hours(13));
        visitor.sends(async |_: Handle| {}).await;
        visitor.sends(async |mut s: Handle| s.destroy()).await;
        shelf.calm();
        // What the test's own store was asked is what was timed.
        let mut asked: Vec<(&str, u64)> = Vec::new();
        let mut names = shelf.calls();
        names.sort_unstable();
        for name in names {
            match asked.last_mut() {
                Some((last, count)) if *last == name => *count += 1,
                _ => asked.push((name, 1)),
            }
        }
        let kinds: Vec<_> = asked.iter().map(|(name, _)| *name).collect();
        let all = ["create", "delete", "index_insert", "index_remove", "load", "touch", "update"];
        assert_eq!(kinds, all);
        is(&timed(&heard), &asked, "each call once");
        heard.clear();
    }
    let cookie = site.cookie(visit(1));
    heard.clear();
    shelf.fail(Fault::Down);
    site.run(&cookie, async |_: Handle| {}).await;
    is(&events(&heard), &[("outage", 1)], "down");
    is(&timed(&heard), &[("load", 1)], "down");
}

// Fails when a call that never answers, whose time matters most, is not recorded.
#[tokio::test]
async fn rule_32_a_call_that_is_given_up_is_timed() {
    let heard = Heard::default();
    let _guard = metrics::set_default_local_recorder(&heard);
    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_timeout(Duration::from_millis(50)));
    let cookie = site.cookie(visit(1));
    heard.clear();
    shelf.stick_before("load");
    let reply = site.run(&cookie, async |_: Handle| {}).await;
    assert_eq!(reply.status, 503);
    is(&timed(&heard), &[("load", 1)], "given up");
    is(&events(&heard), &[("outage", 1)], "given up");
}

// Fails when stores that are picked for each request are not timed, or the layer must be built after the
// recorder is set.
#[tokio::test]
async fn rule_32_a_recorder_may_come_later() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let picked = shelf.clone();
    let site = site.beside(SessionLayer::<Visit>::stored_with(move |_| picked.clone()));
    let heard = Heard::default();
    let _guard = metrics::set_default_local_recorder(&heard);
    site.run("", async |mut s: Handle| s.views = 1).await;
    is(&timed(&heard), &[("create", 1)], "picked");
    is(&events(&heard), &[("created", 1)], "picked");
    assert!(heard.described().is_empty(), "the layer was there before");
    drop(stored_site::<Visit, _>(|b| b));
    assert_eq!(heard.described(), [EVENTS, CALLS].map(str::to_owned).into());
}

// Fails when the page names a metric, label or call that there is not, or leaves one out.
#[test]
fn rule_32_the_page_names_the_metrics() {
    let page = include_str!("../../docs/events.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| name | kind |")).skip(2);
    let rows: BTreeSet<String> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.split('|').skip(1).take(3).map(str::trim).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        format!("`{EVENTS}` counter `event`, `session`"),
        format!("`{CALLS}` histogram `call`, `session`"),
    ];
    assert_eq!(rows, expected.into());
    assert_eq!(Event::NAMES.len(), 17);
}
