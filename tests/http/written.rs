//! Rule 8: what a request writes, row by row.

use session::{Extend, Session, TypedSession, hours};
use session_tests::{Sealed, site};

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    note: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, user: None, note: None }
}

// Fails when `Life::close` goes on though nobody extracted the session.
#[tokio::test]
async fn rule_8_not_extracted_writes_nothing() {
    let site = site::<Visit, _>(|b| b.rolling().save_empty(true));
    let due = site.cookie(visit(1));
    site.clock.advance(hours(20));
    for cookie in [String::new(), due, "__Host-session=bad".to_owned()] {
        let reply = site.run(&cookie, async || "ok").await;
        assert!(reply.is_silent(), "{cookie}");
        assert!(reply.headers.get("vary").is_none());
        assert!(reply.headers.get("cache-control").is_none());
        assert!(site.events.take().is_empty());
    }
}

// Fails when `Facts::writes` counts an untouched or an equal content as changed.
#[tokio::test]
async fn rule_8_extracted_and_unchanged_writes_nothing() {
    let site = site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(3));
    let read = async |session: Handle| format!("{} {:?}", session.views, session.note);
    let reply = site.run(&cookie, read).await;
    assert!(reply.is_silent());
    assert_eq!(reply.body, "3 None");
    assert_eq!(reply.header("vary"), "Cookie");
    assert_eq!(reply.header("cache-control"), "");
}

// Fails when `Facts::on_loaded` does not look at `extension_due`, or encodes the content anew.
#[tokio::test]
async fn rule_8_unchanged_with_a_due_renewal_reseals() {
    let site = site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(3));
    let before = Sealed::read(&cookie);
    site.clock.advance(hours(13));
    let reply = site.run(&cookie, async |_: Handle| {}).await;
    let after = Sealed::read(reply.token().expect("a renewed token"));
    assert_eq!(after.renewed, site.clock.ms());
    assert_eq!(after, Sealed { renewed: site.clock.ms(), ..before });
    assert_eq!(reply.attribute("Max-Age"), Some("86400"));
    assert_eq!(site.events.take(), ["loaded", "renewed"]);
}

// Fails when a new session without changes is sealed, as `save_empty(true)` asks.
#[tokio::test]
async fn rule_8_new_and_unchanged_writes_nothing() {
    let site = site::<Visit, _>(|b| b);
    let read = async |session: Handle| session.is_new().to_string();
    let reply = site.run("", read).await;
    assert_eq!(reply.body, "true");
    assert!(reply.is_silent());
    assert!(site.events.take().is_empty());
}

// Fails when `find` does not note that what came is dead.
#[tokio::test]
async fn rule_8_new_and_unchanged_removes_a_cookie_that_failed_for_good() {
    let site = site::<Visit, _>(|b| b);
    let reply = site.run("__Host-session=bad", async |_: Handle| {}).await;
    assert!(reply.removes());
    assert_eq!(site.events.take(), ["invalid"]);
}

// Fails when a touched handle counts as a changed one.
#[tokio::test]
async fn rule_8_the_same_value_or_back_again_writes_nothing() {
    let site = site::<Visit, _>(|b| b);
    for cookie in [site.cookie(visit(3)), String::new()] {
        let same = async |mut session: Handle| {
            session.views = std::hint::black_box(session.views);
            session.set_note(None);
        };
        assert!(site.run(&cookie, same).await.is_silent());
        let back = async |mut session: Handle| {
            session.views += 1;
            session.note = Some("x".to_owned());
            session.views -= 1;
            session.clear_note();
        };
        assert!(site.run(&cookie, back).await.is_silent());
    }
}

// Fails when `close` does not put the token in, or puts in two.
#[tokio::test]
async fn rule_8_changed_sets_one_cookie() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(3));
    let reply = visitor
        .sends(async |mut session: Handle| {
            session.views += 1;
            session.set_views(session.views() + 1);
        })
        .await;
    assert_eq!(reply.set_cookies().len(), 1);
    assert_eq!(visitor.state().views, 5);
    assert_eq!(site.events.take(), ["loaded", "changed(views)", "loaded"]);
}

// Fails when `Times::Rotate` moves no time, or more than that of rotation.
#[tokio::test]
async fn rule_8_rotated_gives_a_new_token() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(3));
    let before = visitor.sealed();
    site.clock.advance(hours(1));
    let reply = visitor.sends(async |mut session: Handle| session.rotate()).await;
    assert!(reply.seals());
    let after = visitor.sealed();
    assert_eq!(after, Sealed { rotated: site.clock.ms(), ..before });
}

// Fails when the time of rotation is the clock's own although it has not moved.
#[tokio::test]
async fn rule_8_rotated_twice_in_one_millisecond_gives_two_tokens() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(3));
    let mut tokens = vec![visitor.cookie.clone()];
    for _ in 0..3 {
        visitor.sends(async |mut session: Handle| session.rotate()).await;
        assert!(!tokens.contains(&visitor.cookie), "a token came twice");
        tokens.push(visitor.cookie.clone());
    }
    assert_eq!(visitor.state().views, 3);
}

// Fails when `destroy` asks for nothing, or the removal lacks an attribute.
#[tokio::test]
async fn rule_8_destroyed_removes_the_cookie_with_its_attributes() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(3));
    let set = visitor.sends(async |mut session: Handle| session.views += 1).await;
    let removed = visitor.sends(async |mut session: Handle| session.destroy()).await;
    assert!(removed.removes());
    let attributes = |line: &str| line.split("; Path").nth(1).map(str::to_owned);
    assert!(set.line().and_then(attributes).is_some());
    assert_eq!(set.line().and_then(attributes), removed.line().and_then(attributes));
    assert!(site.run("", async |mut s: Handle| s.destroy()).await.is_silent());
}

// Fails when `Facts::writes` forgets one of them.
#[tokio::test]
async fn rule_8_what_forces_a_write_of_an_unchanged_session() {
    let site = site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(3));
    assert!(site.run(&cookie, async |mut s: Handle| s.save()).await.seals());
    assert!(site.run("", async |mut s: Handle| s.save()).await.seals());
    let set = async |mut s: Handle| s.set_max_age(hours(2)).expect("possible");
    assert!(site.run(&cookie, set).await.seals());
    assert!(site.run("", set).await.seals());
}

// Fails when `save_empty` is not looked at, or saves what was destroyed.
#[tokio::test]
async fn rule_8_save_empty_saves_new_untouched_sessions() {
    let site = site::<Visit, _>(|b| b.save_empty(true).extend(Extend::Fixed));
    let mut visitor = site.visitor();
    assert!(visitor.sends(async |_: Handle| {}).await.seals());
    assert!(visitor.sends(async |_: Handle| {}).await.is_silent(), "it is no longer new");
    assert!(visitor.sends(async |mut s: Handle| s.destroy()).await.removes());
}
