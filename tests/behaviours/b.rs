//! B, the session in a handler: what is written, and what is not.

use crate::home::{Does, Home, attributes};
use crate::state::{Handle, MS, Visit, VisitFields, full, new_and_views, show, visit};
use session::{
    MaxAge, Priority, SameSite, Serializable, Session, TypedSession, days, hours, minutes,
};
use session_tests::{NAME, Sealed};

both_homes!(
    b_01_a_new_session_that_is_only_read_leaves_nothing,
    b_02_a_key_written_is_one_set_cookie,
    b_03_loaded_and_read_is_not_written,
    b_04_the_same_value_again_is_no_change,
    b_05_change_is_by_content_and_order_never_matters,
    b_06_destroy_removes_cookie_and_row,
    b_07_removal_repeats_the_attributes,
    b_08_replace_keeps_the_id,
    b_10_is_new_for_all_that_brings_no_live_session,
    b_11_save_writes_an_untouched_session,
    b_12_a_sessions_own_max_age_persists,
    b_13_a_max_age_is_one_sessions_only,
    b_14_a_browser_session_never_gains_an_expiry,
);

fn serialise(s: &mut Handle) -> String {
    serde_json::to_string(&Serializable(&**s)).expect("encodable")
}

async fn b_01_a_new_session_that_is_only_read_leaves_nothing(home: Home) {
    let world = open!(home, Visit, |b| b);
    let reads: [fn(&mut Handle) -> String; 5] = [
        serialise,
        show,
        new_and_views,
        |s| format!("{:?} {:?}", s.changed(), s.max_age()),
        |s| s.id().is_some().to_string(),
    ];
    for read in reads {
        let reply = world.says("", read).await;
        assert!(reply.set_cookies().is_empty());
        assert_eq!(reply.header("vary"), "Cookie");
    }
    let option = async |s: Option<Handle>| s.is_none().to_string();
    let reply = world.run("", option).await;
    assert_eq!((reply.body.as_str(), reply.set_cookies().len()), ("true", 0));
    world.costs(&[]);
    assert!(world.shelf.dump().is_empty());
}

async fn b_02_a_key_written_is_one_set_cookie(home: Home) {
    let world = open!(home, Visit, |b| b);
    assert_eq!(world.does("", |s| s.views = 1).await.set_cookies().len(), 1);
    let everything = async |mut s: Handle| {
        s.views = 2;
        s.rotate();
        s.commit().await.expect("fits");
        s.note = Some("x".to_owned());
        s.save();
    };
    assert_eq!(world.run("", everything).await.set_cookies().len(), 1);
    let mut visitor = world.guest(visit(1));
    assert_eq!(visitor.sends(everything).await.set_cookies().len(), 1);
    let reply = visitor.does(|s| s.views += 1).await;
    assert_eq!(reply.set_cookies().len(), usize::from(!world.stored()), "neither id nor end moved");
}

async fn b_03_loaded_and_read_is_not_written(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(full());
    let reads: [fn(&mut Handle) -> String; 4] = [
        serialise,
        show,
        |s| format!("{:?} {}", s.user(), s.note().as_deref().unwrap_or_default()),
        |s| {
            let _ = (*s.views_mut(), s.map_mut().len());
            let _ = s.nested_mut().get_mut("a");
            s.list_mut().len().to_string()
        },
    ];
    for read in reads {
        let reply = visitor.says(read).await;
        assert!(reply.is_silent() && !reply.body.is_empty());
        world.costs(&["load"]);
    }
    assert!(world.news().is_empty());
}

async fn b_04_the_same_value_again_is_no_change(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(full());
    let acts: [fn(&mut Handle); 6] = [
        |s| s.views = std::hint::black_box(7),
        |s| {
            s.set_note(Some("n; \"ü\"".to_owned()));
            s.set_list(vec![1, 2, 3]);
        },
        |s| s.replace(full()),
        |s| {
            s.map.insert("new".to_owned(), 1);
            s.map.remove("new");
        },
        |s| {
            let note = s.take_note();
            s.note = note;
        },
        |s| {
            s.views += 1;
            s.views -= 1;
        },
    ];
    for (row, act) in acts.into_iter().enumerate() {
        assert!(visitor.does(act).await.is_silent(), "{row}");
        world.costs(&["load"]);
    }
    let one_after_the_other = async |mut first: Handle, mut second: Handle| {
        first.views = 8;
        drop(first);
        second.views = 7;
    };
    assert!(visitor.sends(one_after_the_other).await.is_silent());
    world.costs(&["load"]);
    assert!(world.does("", |s| (s.views, s.note) = (0, None)).await.is_silent(), "initial values");
    world.costs(&[]);
    assert!(world.news().is_empty());
}

async fn b_05_change_is_by_content_and_order_never_matters(home: Home) {
    let world = open!(home, Visit, |b| b);
    let rebuild = |s: &mut Handle| {
        let map = s.map.clone();
        s.map = map.into_iter().collect();
    };
    let mut visitor = world.guest(full());
    for _ in 0..20 {
        assert!(visitor.does(rebuild).await.is_silent());
        world.costs(&["load"]);
    }
    // Of one length and one sum; of one CRC32.
    visitor.does(|s| s.note = Some("plumless".to_owned())).await;
    visitor.does(|s| s.list = vec![2, 1, 3]).await;
    assert_eq!(visitor.state().list, [2, 1, 3]);
    visitor.does(|s| s.note = Some("buckeroo".to_owned())).await;
    assert_eq!(visitor.state().note.as_deref(), Some("buckeroo"));

    // As an older struct wrote it, in another order.
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Older {
        note: Option<String>,
        user: Option<String>,
        views: u64,
    }
    let older = beside!(world, Older, |b| b);
    let state = Older { note: Some("x".to_owned()), user: None, views: 3 };
    let cookie = older.cookie(state);
    let same = world.does(&cookie, |s| (s.views, s.note) = (3, Some("x".to_owned()))).await;
    assert!(same.is_silent());
    assert!(!world.news().iter().any(|event| event.starts_with("changed()")));
}

async fn b_06_destroy_removes_cookie_and_row(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(visit(1));
    let cookie = visitor.cookie.clone();
    assert!(visitor.does(|s| s.destroy()).await.removes());
    assert_eq!(world.events.take(), ["loaded", "destroyed"]);
    world.costs(&["load", "delete"]);
    assert!(world.shelf.rows().is_empty());
    if world.stored() {
        assert!(!world.lives(&cookie));
    }
    world.forget_the_calls();
    assert!(world.does("", |s| s.destroy()).await.is_silent());
    assert!(world.events.take().is_empty());
    world.costs(&[]);
    // Where no session was, none ended.
    let bad = world.does(&format!("{NAME}=bad"), |s| s.destroy()).await;
    assert!(bad.removes());
    assert_eq!(world.events.take(), ["invalid"]);
    let anew = |s: &mut Handle| {
        s.destroy();
        s.views = 1;
    };
    assert!(world.does("", anew).await.seals());
    assert_eq!(world.events.take(), ["created"]);
}

async fn b_07_removal_repeats_the_attributes(home: Home) {
    let world = open!(home, Visit, |b| b
        .name("__Secure-s")
        .path("/app")
        .domain("example.com")
        .same_site(SameSite::None)
        .partitioned(true)
        .priority(Priority::High))
    .named("__Secure-s");
    let set = attributes(&world.does("", |s| s.views = 1).await);
    let mut visitor = world.guest(visit(1));
    let dead = world.does("__Secure-s=dead", |_| {}).await;
    for removal in [visitor.does(|s| s.destroy()).await, dead] {
        assert!(removal.removes());
        assert_eq!(attributes(&removal), set);
        let expires = removal.attribute("Expires");
        assert_eq!(expires, Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    }
}

async fn b_08_replace_keeps_the_id(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(full());
    let (before, handle) = (visitor.cookie.clone(), visitor.state().id());
    world.forget_the_calls();
    world.clock.advance(hours(1));
    let reply = visitor.does(|s| s.replace(Visit { user: full().user, ..visit(9) })).await;
    assert_eq!(reply.status, 200);
    world.costs(&["load", "update"]);
    let state = visitor.state();
    assert_eq!((state.views, &state.note, state.map.len()), (9, &None, 0));
    assert_eq!(state.id(), handle);
    if world.stored() {
        assert!(reply.is_silent() && world.shelf.rows().len() == 1);
    } else {
        let (was, is) = (Sealed::read(&before), Sealed::read(&visitor.cookie));
        assert_eq!((was.started, was.rotated), (is.started, is.rotated));
    }
}

async fn b_10_is_new_for_all_that_brings_no_live_session(home: Home) {
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Other {
        views: String,
    }
    let world = open!(home, Visit, |b| b.valid(|visit, _| visit.views != 13));
    let good = world.guest(visit(5)).cookie;
    let another = world.cookie(visit(6));
    let refused = world.cookie(visit(13));
    let undecodable = beside!(world, Other, |b| b).cookie(Other { views: "x".to_owned() });
    for cookie in [
        String::new(),
        format!("{NAME}="),
        format!("{NAME}=junk"),
        format!("{good}x"),
        format!("{good}; {another}"),
        refused,
        undecodable,
        session_tests::site_under::<Visit, _>(session_tests::ring("x"), |b| b).cookie(visit(5)),
    ] {
        assert_eq!(world.says(&cookie, new_and_views).await.body, "true 0", "{cookie}");
    }
    if world.stored() {
        world.does(&another, |s| s.destroy()).await;
        assert_eq!(world.says(&another, new_and_views).await.body, "true 0", "ended");
        world.shelf.forget_the_ended();
        assert_eq!(world.says(&another, new_and_views).await.body, "true 0", "unknown");
    }
    assert_eq!(world.says(&good, new_and_views).await.body, "false 5");
    world.clock.advance(days(1) + MS);
    assert_eq!(world.says(&good, new_and_views).await.body, "true 0", "expired");
}

async fn b_11_save_writes_an_untouched_session(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.visitor();
    assert!(visitor.does(|s| s.save()).await.seals());
    world.costs(&["create"]);
    let reply = visitor.does(|s| s.save()).await;
    assert_eq!(reply.seals(), !world.stored(), "neither id nor end moved");
    world.costs(&["load", "update"]);
    assert!(world.lives(&visitor.cookie));
}

async fn b_12_a_sessions_own_max_age_persists(home: Home) {
    let world = open!(home, Visit, |b| b.max_age(hours(1)));
    let mut visitor = world.guest(visit(1));
    let alone = visitor.does(|s| s.set_max_age(days(7)).expect("possible")).await;
    assert_eq!(alone.attribute("Max-Age"), Some("604800"));
    world.clock.advance(days(4));
    let reply = visitor.says(|s| format!("{} {:?}", s.is_new(), s.max_age())).await;
    assert_eq!(reply.body, format!("false {:?}", MaxAge::Idle(days(7))));
    assert_eq!(reply.attribute("Max-Age"), Some("604800"), "renewed to its own");
    world.shelf.leases();
    let short = visitor.does(|s| s.set_max_age(minutes(1)).expect("possible")).await;
    assert_eq!(short.attribute("Max-Age"), Some("60"));
    assert!(world.shelf.leases().iter().all(|(_, lease)| lease.may_shorten));
    world.clock.advance(minutes(1) + MS);
    assert!(!world.lives(&visitor.cookie));
}

async fn b_13_a_max_age_is_one_sessions_only(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut loaded = world.guest(visit(1));
    let mut long = world.guest(Visit { user: full().user, ..visit(1) });
    long.does(|s| s.set_max_age(days(7)).expect("possible")).await;
    let day = format!("{:?}", MaxAge::Idle(days(1)));
    let age = |s: &mut Handle| format!("{:?}", s.max_age());
    assert_eq!(world.says("", age).await.body, day);
    assert_eq!(loaded.says(age).await.body, day);
    assert_eq!(world.does("", |s| s.views = 1).await.attribute("Max-Age"), Some("86400"));
    let anew = |s: &mut TypedSession<Visit>| {
        s.destroy();
        s.views = 3;
    };
    let mut other = world.visitor();
    other.cookie.clone_from(&long.cookie);
    let bob = other.does(|s| s.set_user(Some("bob".to_owned()))).await;
    assert_eq!(bob.attribute("Max-Age"), Some("86400"), "another user");
    let mut long = world.guest(visit(1));
    long.does(|s| s.set_max_age(days(7)).expect("possible")).await;
    assert_eq!(long.does(anew).await.attribute("Max-Age"), Some("86400"), "a new session");
}

async fn b_14_a_browser_session_never_gains_an_expiry(home: Home) {
    let set = |s: &mut Handle| {
        s.views = 1;
        s.set_max_age(MaxAge::Browser).expect("possible");
    };
    for (world, begin) in [
        (open!(home, Visit, |b| b.browser_session()), (|s| s.views = 1) as fn(&mut Handle)),
        (open!(home, Visit, |b| b.rolling().browser_session()), |s| s.views = 1),
        (open!(home, Visit, |b| b), set),
        (open!(home, Visit, |b| b.rolling()), set),
    ] {
        let mut visitor = world.visitor();
        let mut replies = vec![visitor.does(begin).await];
        for _ in 0..10 {
            world.clock.advance(minutes(1));
            replies.push(visitor.does(|s| s.views += 1).await);
        }
        world.clock.advance(hours(13));
        replies.push(visitor.does(|_| {}).await);
        assert!(replies.last().is_some_and(|renewed| renewed.seals()));
        replies.push(visitor.does(|s| s.rotate()).await);
        replies.push(visitor.does(|s| s.user = Some("ann".to_owned())).await);
        for reply in replies {
            assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None));
        }
    }
}
