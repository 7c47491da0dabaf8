//! Rule 28 and E.3: sessions outside a request, and the truth of indexes.

use crate::race::{cookie_of, elsewhere};
use crate::state::{Handle, Visit, VisitIndexes, visit};
use session::{BuildError, Session, SessionLayer, Sessions, TypedSession, days, hours, seconds};
use session_tests::{Fault, Shelf, Site, Visitor, stored_site};

type Act = fn(&mut Handle);

fn of(user: &str) -> Visit {
    Visit { user: Some(user.into()), ..visit(1) }
}

async fn count(site: &Site<Visit>, user: &str) -> usize {
    site.layer.sessions().by_user(user).count().await.expect("a store")
}

// Fails when the list misses one, shows another's, or is not in the order of their use.
#[tokio::test]
async fn rule_28_e_13_a_users_sessions_are_listed_and_counted() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let start = site.clock.ms();
    let mut cookies = Vec::new();
    for _ in 0..3 {
        cookies.push(site.cookie(of("ann")));
        site.clock.advance(seconds(1));
    }
    let bob = site.cookie(of("bob"));
    let _anonymous = site.cookie(visit(1));
    let sessions = site.layer.sessions();
    let found = sessions.by_user("ann").list().await.expect("a store");
    let handles: Vec<_> = found.iter().map(|session| Some(session.handle)).collect();
    let expected: Vec<_> = cookies.iter().rev().map(|cookie| site.state(cookie).id()).collect();
    assert_eq!(handles, expected);
    let at = |time: std::time::SystemTime| {
        let since = time.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        u64::try_from(since.as_millis()).expect("small") - start
    };
    assert_eq!((at(found[2].started), at(found[2].renewed), at(found[2].ends)), (0, 0, 86_400_000));
    assert_eq!(found[0].views, 1);
    assert_eq!((count(&site, "ann").await, count(&site, "bob").await), (3, 1));
    assert_eq!(count(&site, "").await, 0);
    let got = sessions.get(site.state(&bob).id().expect("a handle")).await.expect("a store");
    assert_eq!(got.and_then(|session| session.state.user).as_deref(), Some("bob"));
}

// Fails when `end` ends another, `end_others` the own one, or one that was ended lives on.
#[tokio::test]
async fn rule_28_security_36_end_one_others_all() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookies: Vec<_> = (0..4).map(|_| site.cookie(of("ann"))).collect();
    let bob = site.cookie(of("bob"));
    let id = |cookie: &str| site.state(cookie).id().expect("a handle");
    let (first, bobs) = (id(&cookies[0]), id(&bob));
    let sessions = site.layer.sessions();
    let ann = "ann".to_owned();
    let anns = sessions.by_user(&ann);
    assert!(!anns.end(bobs).await.expect("a store"), "it is not one of these");
    assert!(site.lives(&bob));
    site.events.take();
    assert!(anns.end(first).await.expect("a store"));
    assert_eq!(site.events.take(), ["destroyed"]);
    assert!(!anns.end(first).await.expect("a store"), "it was over before");
    assert!(!site.lives(&cookies[0]));
    let others = async |s: Handle, sessions: Sessions<Visit>| {
        let user = s.user.clone().expect("somebody");
        sessions.by_user(&user).end_others(&s).await.expect("a store").to_string()
    };
    assert_eq!(site.run(&cookies[1], others).await.body, "2");
    let live: Vec<_> = cookies.iter().map(|cookie| site.lives(cookie)).collect();
    assert_eq!(live, [false, true, false, false]);
    assert_eq!(anns.end_all().await.expect("a store"), 1);
    assert!(!site.lives(&cookies[1]) && site.lives(&bob));
    assert!(sessions.end(bobs).await.expect("a store"));
    assert!(shelf.members().is_empty());
    assert!(shelf.rows().is_empty());
}

// Fails when a session that is ended from outside takes what a request was about to write.
#[tokio::test]
async fn rule_28_ended_from_outside_is_final_for_requests_under_way() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(of("ann"));
    let reply = site
        .run(&cookie, async |mut s: Handle, sessions: Sessions<Visit>| {
            s.views = 9;
            let ended = sessions.by_user("ann").end_all().await.expect("a store");
            assert_eq!(ended, 1);
        })
        .await;
    assert_eq!(reply.status, 409);
    assert!(shelf.rows().is_empty());
}

/// Each entry names a live row of its user, and each live row with a user has its one entry.
fn the_index_is_true(site: &Site<Visit>, shelf: &Shelf, visitors: &[Visitor<'_, Visit>]) {
    let mut named: Vec<_> = shelf.members();
    named.sort();
    let mut users: Vec<_> = visitors
        .iter()
        .filter(|visitor| site.lives(&visitor.cookie) && visitor.state().user.is_some())
        .map(|visitor| crate::race::key_of(visitor.state().id()))
        .collect();
    users.sort();
    assert_eq!(named, users);
}

// Fails when an entry is missing, doubled or left over after any of these.
#[tokio::test]
async fn rule_28_security_28_the_index_is_true_through_a_sessions_life() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    let acts: [(Act, [usize; 2]); 9] = [
        (|s| s.views = 1, [0, 0]),
        (|s| s.user = Some("ann".into()), [1, 0]),
        (|s| s.views = 2, [1, 0]),
        (|s| s.rotate(), [1, 0]),
        (|s| s.user = Some("bob".into()), [0, 1]),
        (|s| s.user = None, [0, 0]),
        (|s| s.user = Some("ann".into()), [1, 0]),
        (
            |s| {
                s.destroy();
                s.user = Some("bob".into());
            },
            [0, 1],
        ),
        (|s| s.destroy(), [0, 0]),
    ];
    for (n, (act, expected)) in acts.into_iter().enumerate() {
        visitor.sends(async move |mut s: Handle| act(&mut s)).await;
        assert_eq!([count(&site, "ann").await, count(&site, "bob").await], expected, "{n}");
        the_index_is_true(&site, &shelf, std::slice::from_ref(&visitor));
    }
}

// Fails when a fault at any call makes the index miss a live session.
#[tokio::test]
async fn rule_25_whatever_fails_the_index_never_misses_a_live_session() {
    let acts: [Act; 5] = [
        |s| s.user = Some("ann".into()),
        |s| s.user = Some("bob".into()),
        |s| s.user = None,
        |s| s.destroy(),
        |s| s.rotate(),
    ];
    let calls = ["create", "update", "delete", "index_insert", "index_remove"];
    for (call, after) in calls.iter().flat_map(|call| [(*call, false), (*call, true)]) {
        for act in acts {
            for first in [None, Some("ann")] {
                let (site, shelf) = stored_site::<Visit, _>(|b| b);
                let cookie = match first {
                    Some(user) => site.cookie(of(user)),
                    None => String::new(),
                };
                shelf.fail(if after { Fault::After(call) } else { Fault::Before(call) });
                site.run(&cookie, async move |mut s: Handle| act(&mut s)).await;
                shelf.fail(None);
                for (key, record) in shelf.rows() {
                    let body = String::from_utf8_lossy(&record.body);
                    for user in ["ann", "bob"] {
                        if body.contains(&format!("\"user\":\"{user}\"")) {
                            assert!(shelf.members().contains(&key), "{call} {after} {first:?}");
                            assert_eq!(count(&site, user).await, 1, "{call} {after}");
                        }
                    }
                }
                if !cookie.is_empty() && site.lives(&cookie) {
                    let user = site.state(&cookie).user.clone();
                    let listed = count(&site, user.as_deref().unwrap_or("none")).await;
                    assert_eq!(listed, usize::from(user.is_some()));
                }
            }
        }
    }
}

// Fails when an entry that names an expired, ended or changed session is believed.
#[tokio::test]
async fn rule_28_what_an_index_names_is_looked_at_before_it_is_believed() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookies: Vec<_> = (0..3).map(|_| site.cookie(of("ann"))).collect();
    shelf.fail(Fault::Before("index_remove"));
    elsewhere(&site.layer, &cookies[0], |s| s.user = Some("bob".into())).expect("written");
    elsewhere(&site.layer, &cookies[1], |s| s.destroy()).expect("ended");
    shelf.fail(None);
    assert_eq!(shelf.members().len(), 4);
    assert_eq!((count(&site, "ann").await, count(&site, "bob").await), (1, 1));
    let ann = "ann".to_owned();
    assert_eq!(site.layer.sessions().by_user(&ann).end_all().await.expect("a store"), 1);
    assert_eq!(count(&site, "bob").await, 1, "it is bob's by now");
    site.clock.advance(days(1) + seconds(1));
    assert_eq!(count(&site, "bob").await, 0);
}

// Fails when more than one page of members is not read to its end.
#[tokio::test]
async fn rule_28_many_sessions_of_one_user_are_all_found() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookies: Vec<_> = (0..600).map(|_| site.cookie(of("ann"))).collect();
    assert_eq!(count(&site, "ann").await, 600);
    let ann = "ann".to_owned();
    assert_eq!(site.layer.sessions().by_user(&ann).end_all().await.expect("a store"), 600);
    assert!(!site.lives(&cookies[0]) && !site.lives(&cookies[599]));
}

// Fails when a login beyond the limit is refused, ends itself, a younger one, or somebody else's.
#[tokio::test]
async fn max_sessions_ends_those_that_logged_in_longest_ago() {
    let (site, _) = stored_site::<Visit, _>(|b| b.max_sessions(2));
    let bob = cookie_of(&site.run("", async |mut s: Handle| s.user = Some("bob".into())).await);
    let mut cookies = Vec::new();
    for n in 0..4 {
        site.clock.advance(hours(1));
        let commit = n % 2 == 1;
        let reply = site
            .run("", async move |mut s: Handle| {
                s.user = Some("ann".into());
                if commit {
                    s.commit().await.expect("written");
                }
            })
            .await;
        cookies.push(cookie_of(&reply));
        // Using it makes it no younger.
        elsewhere(&site.layer, &cookies[0], |s| s.views += 1).ok();
    }
    let live: Vec<_> = cookies.iter().map(|cookie| site.lives(cookie)).collect();
    assert_eq!(live, [false, false, true, true]);
    assert!(site.lives(&bob));
    // The same one again is none more.
    let again = async |mut s: Handle| {
        use crate::state::VisitFields;
        s.set_user(Some("ann".into()));
    };
    let reply = site.run(&cookies[2], again).await;
    assert!(site.lives(&cookie_of(&reply)) && site.lives(&cookies[3]));
    assert_eq!(count(&site, "ann").await, 2);
}

// Fails when a limit of none, or of a type without an index, is accepted.
#[tokio::test]
async fn max_sessions_without_sense_is_a_build_error() {
    #[derive(Session)]
    struct Plain {
        #[session(rotate)]
        user: Option<String>,
    }
    let _ = |s: TypedSession<Plain>| s.user.clone();
    let zero = SessionLayer::<Visit>::stored(Shelf::default()).max_sessions(0).build();
    assert!(matches!(zero, Err(BuildError::MaxSessions)));
    let plain = SessionLayer::<Plain>::stored(Shelf::default()).max_sessions(1).build();
    assert!(matches!(plain, Err(BuildError::MaxSessions)));
}

// Fails when a list leaves out, or an end spares, a session whose row this instance can't decode, and
// says nothing of it.
#[tokio::test]
async fn rule_28_an_undecodable_session_is_no_error_of_the_list() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let (a, b) = (site.cookie(of("ann")), site.cookie(of("ann")));
    let key = crate::race::key_of(site.state(&a).id());
    shelf.scribble(&key, |record| {
        let len = record.body.len();
        record.body.truncate(len - 1);
    });
    site.events.take();
    assert_eq!(count(&site, "ann").await, 1);
    assert!(site.events.take().contains(&"undecodable".to_owned()));
    assert!(site.lives(&b));
}

// Fails when an error of a list does not say in which call it was.
#[tokio::test]
async fn a_18_a_failed_list_names_the_call() {
    use session::store::StoreCall;
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let _listed = site.cookie(Visit { user: Some("ann".into()), ..visit(1) });
    for (name, call) in [("index_members", StoreCall::IndexMembers), ("load", StoreCall::Load)] {
        shelf.fail(Fault::Before(name));
        let error = site.layer.sessions().by_user("ann").list().await.expect_err("it failed");
        let session::SessionsError::Store(error) = error else { panic!("{error:?}") };
        assert_eq!(error.during(), Some(call));
    }
}
