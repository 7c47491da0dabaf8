//! Rule 30: life and death by the clock.

use session::{
    Extend, MaxAge, Session, SessionBuilder, TypedSession, days, hours, minutes, seconds,
};
use session_tests::{Sealed, Site, site};
use std::time::Duration;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit() -> Visit {
    Visit { views: 1, user: None }
}

const MS: Duration = Duration::from_millis(1);

fn extending(extend: Extend) -> Site<Visit> {
    site(|b| b.extend(extend).max_age(hours(10)).absolute(hours(100)))
}

// Fails when the comparison with the end is strict, or the end is not enforced at all: the cookie
// comes back without its attributes, as an attacker sends it.
#[tokio::test]
async fn c_2_alive_at_the_very_millisecond_of_expiry_dead_one_later() {
    for extend in [Extend::Renew, Extend::Rolling, Extend::OnWrite, Extend::Fixed] {
        let site = extending(extend);
        let cookie = site.cookie(visit());
        site.clock.advance(hours(10));
        assert!(site.lives(&cookie), "{extend:?}");
        site.clock.advance(MS);
        let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
        assert_eq!(reply.body, "true", "{extend:?}");
        assert!(reply.removes());
        assert_eq!(site.events.take().last().map(String::as_str), Some("expired"));
        site.clock.advance(days(10_000));
        assert!(!site.lives(&cookie), "for ever");
    }
}

// Fails when the two lifetimes are one.
#[tokio::test]
async fn rule_30_defaults_are_a_day_idle_and_thirty_days_in_all() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit());
    let kept = visitor.cookie.clone();
    site.clock.advance(days(1));
    assert!(site.lives(&kept));
    for _ in 0..29 {
        assert!(visitor.sends(async |_: Handle| {}).await.seals());
        site.clock.advance(days(1));
    }
    assert!(site.lives(&visitor.cookie), "used every day");
    assert!(!site.lives(&kept), "a kept copy is idle");
    visitor.sends(async |_: Handle| {}).await;
    site.clock.advance(MS);
    assert!(!site.lives(&visitor.cookie), "30 days");
}

// Fails when half is not strictly less than half, or a use does not extend.
#[tokio::test]
async fn c_4_renew_extends_with_strictly_less_than_half_left() {
    let site = extending(Extend::Renew);
    let mut visitor = site.visitor_with(visit());
    site.clock.advance(hours(5));
    assert!(visitor.sends(async |_: Handle| {}).await.is_silent());
    let changed = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert_eq!(changed.attribute("Max-Age"), Some("18000"), "a write moves no end");
    site.clock.advance(MS);
    let renewed = visitor.sends(async |_: Handle| {}).await;
    assert_eq!(renewed.attribute("Max-Age"), Some("36000"));
    assert!(visitor.sends(async |_: Handle| {}).await.is_silent(), "once");
}

// Fails when only writes extend, or requests that don't extract.
#[tokio::test]
async fn c_3_rolling_extends_on_every_use() {
    let site = extending(Extend::Rolling);
    let mut visitor = site.visitor_with(visit());
    for _ in 0..5 {
        site.clock.advance(hours(4));
        let reply = visitor.sends(async |_: Handle| {}).await;
        assert_eq!(reply.attribute("Max-Age"), Some("36000"));
        assert_eq!(visitor.sealed().renewed, site.clock.ms());
    }
    site.clock.advance(MS);
    assert!(visitor.sends(async || "no use").await.is_silent());
    assert!(site.run("", async |_: Handle| {}).await.is_silent(), "a new empty one gets nothing");
}

// Fails when reads extend, or writes don't.
#[tokio::test]
async fn rule_30_on_write_extends_whenever_it_is_written() {
    let site = extending(Extend::OnWrite);
    let mut visitor = site.visitor_with(visit());
    site.clock.advance(hours(9));
    assert!(visitor.sends(async |_: Handle| {}).await.is_silent());
    let written = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert_eq!(written.attribute("Max-Age"), Some("36000"));
    site.clock.advance(hours(1));
    let saved = visitor.sends(async |mut s: Handle| s.save()).await;
    assert_eq!(saved.attribute("Max-Age"), Some("36000"), "forced writes are writes");
}

// Fails when anything but a login moves the end.
#[tokio::test]
async fn rule_30_fixed_never_extends() {
    let site = extending(Extend::Fixed);
    let mut visitor = site.visitor_with(visit());
    site.clock.advance(hours(9));
    for does in [(|s| s.views += 1) as fn(&mut Handle), |s| s.save(), |s| s.rotate()] {
        let reply = visitor.sends(async move |mut s: Handle| does(&mut s)).await;
        assert_eq!(reply.attribute("Max-Age"), Some("3600"));
    }
    visitor.sends(async |mut s: Handle| s.set_user(Some("ann".to_owned()))).await;
    assert_eq!(visitor.sealed().renewed, site.clock.ms(), "a login restarts both");
}

// Fails when use, writes, rotation or re-sealing move the absolute end.
#[tokio::test]
async fn security_23_only_a_login_moves_the_absolute_end() {
    let site = site::<Visit, _>(|b| b.rolling().max_age(hours(10)).absolute(hours(24)));
    let mut visitor = site.visitor_with(visit());
    for hour in 1..=24 {
        site.clock.advance(hours(1));
        let reply = match hour % 3 {
            0 => visitor.sends(async |_: Handle| {}).await,
            1 => visitor.sends(async |mut s: Handle| s.rotate()).await,
            _ => visitor.sends(async |mut s: Handle| s.views += 1).await,
        };
        let left = (24 - hour).min(10) * 3600;
        if reply.seals() && hour < 24 {
            assert_eq!(reply.attribute("Max-Age"), Some(&*left.to_string()), "hour {hour}");
        }
    }
    assert!(site.lives(&visitor.cookie));
    let copy = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.reauthenticated()).await;
    site.clock.advance(MS);
    assert!(!site.lives(&copy));
    assert!(site.lives(&visitor.cookie), "proved again who they are");
}

// Fails when an extension that can't move the end is made.
#[tokio::test]
async fn rule_30_an_extension_that_moves_nothing_is_not_due() {
    let site = site::<Visit, _>(|b| b.rolling().max_age(hours(10)).absolute(hours(12)));
    let mut visitor = site.visitor_with(visit());
    site.clock.advance(hours(3));
    assert!(visitor.sends(async |_: Handle| {}).await.seals());
    site.clock.advance(hours(1));
    assert!(visitor.sends(async |_: Handle| {}).await.is_silent(), "the absolute end is nearer");
}

// Fails when a browser session has no end on the server, or gains one in the browser.
#[tokio::test]
async fn b_14_a_browser_session_has_no_max_age_and_the_same_lifetimes() {
    let site = site::<Visit, _>(|b| b.browser_session());
    let mut visitor = site.visitor();
    for n in 0..3 {
        let reply = visitor.sends(async |mut s: Handle| {
            s.views += 1;
            format!("{:?}", s.max_age())
        });
        let reply = reply.await;
        assert_eq!(reply.body, format!("{:?}", MaxAge::Browser));
        assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None), "{n}");
        site.clock.advance(hours(13));
    }
    let renewed = visitor.sends(async |_: Handle| {}).await;
    assert!(renewed.seals());
    assert_eq!((renewed.attribute("Max-Age"), renewed.attribute("Expires")), (None, None));
    site.clock.advance(days(1));
    assert!(site.lives(&visitor.cookie));
    site.clock.advance(MS);
    assert!(!site.lives(&visitor.cookie));
}

// Fails when a browser session has another idle lifetime than the one that was set, whether by the layer or
// by the struct; or when the last word about the cookie does not count.
#[tokio::test]
async fn a_02_a_browser_session_keeps_the_idle_lifetime() {
    #[derive(Session)]
    #[session(max_age = "2h")]
    struct Short {
        views: u64,
    }
    let own = site::<Short, _>(|b| b.browser_session().extend(Extend::Fixed));
    let cookie = {
        let reply = own.run("", async |mut s: TypedSession<Short>| s.views = 1).await;
        assert_eq!(reply.attribute("Max-Age"), None);
        format!("{}={}", session_tests::NAME, reply.token().expect("a token"))
    };
    own.clock.advance(hours(2));
    assert!(own.lives(&cookie));
    own.clock.advance(MS);
    assert!(!own.lives(&cookie));

    let view = async |mut s: Handle| s.views += 1;
    let set = site::<Visit, _>(|b| b.max_age(hours(2)).browser_session().extend(Extend::Fixed));
    let mut visitor = set.visitor();
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), None);
    set.clock.advance(hours(2));
    assert!(set.lives(&visitor.cookie));
    set.clock.advance(MS);
    assert!(!set.lives(&visitor.cookie));

    let last = site::<Visit, _>(|b| b.browser_session().max_age(hours(2)));
    assert_eq!(last.run("", view).await.attribute("Max-Age"), Some("7200"));
}

// Fails when the kind of a session's own lifetime is lost.
#[tokio::test]
async fn rule_30_one_session_may_go_with_the_browser_or_not() {
    let lasting = site::<Visit, _>(|b| b.max_age(hours(2)));
    let mut visitor = lasting.visitor_with(visit());
    let browser = async |mut s: Handle| s.set_max_age(MaxAge::Browser).expect("possible");
    assert_eq!(visitor.sends(browser).await.attribute("Max-Age"), None);
    let view = async |mut s: Handle| s.views += 1;
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), None, "it persists");
    assert_eq!(visitor.sealed().idle, 7_200_000, "with the configured lifetime on the server");

    let browser = site::<Visit, _>(|b| b.browser_session());
    let mut visitor = browser.visitor_with(visit());
    let remember = async |mut s: Handle| s.set_max_age(days(20)).expect("possible");
    assert_eq!(visitor.sends(remember).await.attribute("Max-Age"), Some("1728000"));
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), Some("1728000"));
}

// Fails when a session's own lifetime outlives the absolute one.
#[tokio::test]
async fn rule_30_the_own_lifetime_ends_at_the_absolute_end() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit());
    let forever = async |mut s: Handle| s.set_max_age(days(3650)).expect("possible");
    let reply = visitor.sends(forever).await;
    assert_eq!(reply.attribute("Max-Age"), Some("2592000"), "30 days");
    site.clock.advance(days(30) + MS);
    assert!(!site.lives(&visitor.cookie));
}

// Fails when a token of tomorrow lives, or a clock that is a little behind kills one of now.
#[tokio::test]
async fn security_24_issued_in_the_future_beyond_a_small_skew_is_dead() {
    let site = site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit());
    site.clock.rewind(seconds(30));
    assert!(site.lives(&cookie));
    let used = site.run(&cookie, async |mut s: Handle| s.views += 1).await;
    let sealed = Sealed::read(used.token().expect("a token"));
    assert!(sealed.started > site.clock.ms(), "a clock that goes back moves no time back");
    site.clock.rewind(hours(1));
    let _ = site.events.take();
    assert!(!site.lives(&cookie));
    assert_eq!(site.events.take(), ["invalid"]);
    site.clock.set(0);
    assert!(!site.lives(&cookie));
    site.clock.set(u64::MAX);
    assert!(!site.lives(&cookie));
}

// Fails when a time near the end of the clock's range overflows into eternity or a panic.
#[tokio::test]
async fn c_6_absurd_clocks_never_mean_for_ever() {
    let site = site::<Visit, _>(|b| b);
    for now in [0, 1, (1 << 48) - 2, u64::MAX] {
        site.clock.set(now);
        let mut visitor = site.visitor();
        let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
        assert_eq!(reply.status, 200, "{now}");
        let same = site.run(&visitor.cookie, async |s: Handle| s.views.to_string()).await;
        assert_eq!(same.status, 200, "{now}");
    }
}

// Fails when the configured lifetime of today is not looked at.
#[tokio::test]
async fn rule_30_a_shorter_configuration_holds_at_once_and_a_longer_revives_nobody() {
    let long = site::<Visit, _>(|b| b.max_age(hours(10)));
    let short = site::<Visit, _>(|b| b.max_age(hours(1)));
    let cookie = long.cookie(visit());
    short.clock.advance(hours(1) + MS);
    assert!(!short.lives(&cookie));
    let cookie = short.cookie(visit());
    let _ = short;
    long.clock.advance(hours(3) + MS);
    assert!(!long.lives(&cookie));
}

// Fails when the struct's own options are not heeded, or beat the builder's.
#[tokio::test]
async fn rule_4_options_of_the_struct_and_of_the_layer() {
    #[derive(Session)]
    #[session(name = "__Host-short", max_age = "10m", absolute = "1h", extend = "fixed")]
    struct Short {
        views: u64,
    }
    #[derive(Session)]
    #[session(max_age = "browser", extend = "rolling")]
    struct Tab {
        views: u64,
    }
    let view = async |mut s: TypedSession<Short>| s.views += 1;
    let own = site::<Short, _>(|b| b).named("__Host-short");
    let mut visitor = own.visitor();
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), Some("600"));
    own.clock.advance(minutes(9));
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), Some("60"));

    let over: fn(SessionBuilder<Short>) -> SessionBuilder<Short> =
        |b| b.name("sid").max_age(hours(2)).absolute(hours(3)).rolling();
    let overridden = site::<Short, _>(over).named("sid");
    let mut visitor = overridden.visitor();
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), Some("7200"));
    overridden.clock.advance(minutes(119));
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), Some("3660"));

    let tab = site::<Tab, _>(|b| b);
    let mut visitor = tab.visitor();
    let view = async |mut s: TypedSession<Tab>| s.views += 1;
    assert_eq!(visitor.sends(view).await.attribute("Max-Age"), None);
    tab.clock.advance(MS);
    assert!(visitor.sends(async |_: TypedSession<Tab>| {}).await.seals());
}
