//! Rule 31: logins, logouts and other users.

use axum::http::StatusCode;
use session::{Session, TypedSession, days, hours};
use session_tests::{Sealed, Site, Visitor, site};
use std::collections::BTreeMap;

#[derive(Session)]
struct Visit {
    #[session(rotate)]
    user: Option<String>,
    #[session(rotate)]
    role: u8,
    #[session(keep)]
    language: String,
    cart: BTreeMap<String, u32>,
    #[session(default = "red".to_owned())]
    colour: String,
    #[session(skip)]
    cache: u32,
}

type Handle = TypedSession<Visit>;

fn guest() -> Visit {
    Visit {
        user: None,
        role: 0,
        language: "fr".to_owned(),
        cart: BTreeMap::from([("tea".to_owned(), 2)]),
        colour: "blue".to_owned(),
        cache: 0,
    }
}

fn ann() -> Visit {
    Visit { user: Some("ann".to_owned()), ..guest() }
}

fn user(name: &str) -> Option<String> {
    Some(name.to_owned())
}

/// Does something an hour after the session began.
async fn an_hour_later(
    site: &Site<Visit>,
    state: Visit,
    does: fn(&mut Handle),
) -> (Visitor<'_, Visit>, Sealed) {
    let mut visitor = site.visitor_with(state);
    let before = visitor.sealed();
    site.clock.advance(hours(1));
    let reply = visitor.sends(async move |mut s: Handle| does(&mut s)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.seals());
    (visitor, before)
}

// Fails when a change of a `rotate` field is seen in some ways of writing and not in others.
#[tokio::test]
async fn rule_31_a_login_however_written_rotates_and_restarts_both_lifetimes() {
    let ways: [fn(&mut Handle); 7] = [
        |s| s.set_user(user("ann")),
        |s| s.user = user("ann"),
        |s| *s.user_mut() = user("ann"),
        |s| drop(s.user.replace("ann".to_owned())),
        |s| s.user.get_or_insert_default().push_str("ann"),
        |s| s.replace(ann()),
        |s| {
            let s = &mut **s;
            let mut user = user("ann");
            std::mem::swap(&mut s.user, &mut user);
        },
    ];
    for does in ways {
        let site = site::<Visit, _>(|b| b);
        let (visitor, _) = an_hour_later(&site, guest(), does).await;
        let (sealed, now) = (visitor.sealed(), site.clock.ms());
        assert_eq!((sealed.started, sealed.rotated, sealed.renewed), (now, now, now));
        let state = visitor.state();
        assert_eq!(
            (state.user.as_deref(), state.cart.len()),
            (Some("ann"), 1),
            "a guest's cart stays"
        );
        assert_eq!(site.events.take(), ["loaded", "changed(user)", "rotated", "loaded"]);
    }
}

// Fails when a new login of the same user is taken for no change.
#[tokio::test]
async fn rule_31_setting_the_same_user_is_a_new_login() {
    let site = site::<Visit, _>(|b| b);
    let (visitor, before) = an_hour_later(&site, ann(), |s| s.set_user(user("ann"))).await;
    let (sealed, now) = (visitor.sealed(), site.clock.ms());
    assert_ne!(sealed, before);
    assert_eq!((sealed.started, sealed.rotated, sealed.renewed), (now, now, now));
    assert_eq!(visitor.state().cart.len(), 1, "the same user keeps what is theirs");
    // But not by plain assignment, which can't be told from nothing; nor is setting none a login.
    let plain = async |mut s: Handle| s.user = user("ann");
    assert!(site.run(&site.cookie(ann()), plain).await.is_silent());
    let none = async |mut s: Handle| s.set_user(None);
    assert!(site.run(&site.cookie(guest()), none).await.is_silent());
}

// Fails when `reauthenticated()` does less than a login.
#[tokio::test]
async fn rule_31_reauthenticated_restarts_both_lifetimes() {
    let site = site::<Visit, _>(|b| b);
    let (visitor, _) = an_hour_later(&site, ann(), |s| s.reauthenticated()).await;
    let (sealed, now) = (visitor.sealed(), site.clock.ms());
    assert_eq!((sealed.started, sealed.rotated, sealed.renewed), (now, now, now));
    assert_eq!(visitor.state().cart.len(), 1);
    site.clock.advance(days(1));
    assert!(site.lives(&visitor.cookie));
}

// Fails when a logout restarts a lifetime, or resets more than the user.
#[tokio::test]
async fn rule_31_a_logout_rotates_and_moves_no_lifetime() {
    for does in [
        (|s| s.set_user(None)) as fn(&mut Handle),
        |s| s.user = None,
        |s| {
            let _ = s.take_user();
        },
    ] {
        let site = site::<Visit, _>(|b| b);
        let (visitor, before) = an_hour_later(&site, ann(), does).await;
        let sealed = visitor.sealed();
        assert_eq!(sealed.rotated, site.clock.ms());
        assert_eq!((sealed.started, sealed.renewed), (before.started, before.renewed));
        assert_eq!((visitor.state().user.clone(), visitor.state().cart.len()), (None, 1));
        assert!(site.events.take().contains(&"rotated".to_owned()));
    }
}

// Fails when anything of the one user reaches the other, or a kept or new value does not.
#[tokio::test]
async fn rule_31_another_user_resets_all_but_kept_fields_and_this_requests_changes() {
    let site = site::<Visit, _>(|b| b);
    let (visitor, _) = an_hour_later(&site, ann(), |s| s.set_user(user("bob"))).await;
    let state = visitor.state();
    assert_eq!(state.user.as_deref(), Some("bob"));
    assert_eq!((&*state.language, state.cart.len(), &*state.colour), ("fr", 0, "red"));
    assert_eq!(visitor.sealed().started, site.clock.ms());

    let (visitor, _) = an_hour_later(&site, ann(), |s| {
        s.cart.insert("milk".to_owned(), 1);
        s.user = user("bob");
    })
    .await;
    let state = visitor.state();
    assert_eq!((state.cart.len(), &*state.colour), (2, "red"), "what this request changed stays");
}

// Fails when another privilege of the same user is taken for another user's: `role` is non-initial
// before and after.
#[tokio::test]
async fn rule_31_any_rotate_field_counts() {
    let site = site::<Visit, _>(|b| b);
    let (visitor, _) = an_hour_later(&site, ann(), |s| s.role = 1).await;
    assert_eq!(visitor.sealed().started, site.clock.ms());
    assert_eq!(visitor.state().user.as_deref(), Some("ann"));
    let admin = || Visit { role: 1, ..ann() };
    let (visitor, before) = an_hour_later(&site, admin(), |s| s.role = 0).await;
    let sealed = visitor.sealed();
    assert_eq!((sealed.started, sealed.rotated), (before.started, site.clock.ms()));
    assert_eq!(visitor.state().user.as_deref(), Some("ann"));
}

// Fails when a chosen lifetime of one user goes on for the next.
#[tokio::test]
async fn rule_31_another_user_does_not_inherit_a_chosen_lifetime() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(ann());
    visitor.sends(async |mut s: Handle| s.set_max_age(days(20)).expect("possible")).await;
    let again = async |mut s: Handle| s.set_user(user("ann"));
    assert_eq!(visitor.sends(again).await.attribute("Max-Age"), Some("1728000"), "their own");
    let bob = async |mut s: Handle| s.set_user(user("bob"));
    assert_eq!(visitor.sends(bob).await.attribute("Max-Age"), Some("86400"));
}

// Fails when a login and a logout in one request leave anything but what is there in the end.
#[tokio::test]
async fn rule_31_only_the_end_of_the_request_counts() {
    let site = site::<Visit, _>(|b| b);
    let there_and_back = async |mut s: Handle| {
        s.user = user("bob");
        s.user = user("ann");
    };
    assert!(site.run(&site.cookie(ann()), there_and_back).await.is_silent());
    let through_none = async |mut s: Handle| {
        s.user = None;
        s.user = user("bob");
    };
    let reply = site.run(&site.cookie(ann()), through_none).await;
    let cookie = format!("__Host-session={}", reply.token().expect("a login"));
    assert_eq!(site.state(&cookie).cart.len(), 0, "bob does not get ann's cart");
}

// Fails when destroying and writing keeps the id's times or content.
#[tokio::test]
async fn d_7_destroy_then_write_starts_anew() {
    let site = site::<Visit, _>(|b| b);
    let (visitor, _) = an_hour_later(&site, ann(), |s| {
        s.destroy();
        s.set_user(user("bob"));
    })
    .await;
    let state = visitor.state();
    assert_eq!((state.user.as_deref(), &*state.language), (Some("bob"), ""), "nothing is kept");
    assert_eq!(visitor.sealed().started, site.clock.ms());
    let events = site.events.take();
    assert_eq!(events, ["loaded", "destroyed", "created", "loaded"]);
}

// Fails when a logout, or a login, that failed half-way counts.
#[tokio::test]
async fn d_9_a_login_whose_handler_fails_is_none() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(guest());
    let failing = async |mut s: Handle| {
        s.set_user(user("ann"));
        StatusCode::BAD_GATEWAY
    };
    assert!(visitor.sends(failing).await.is_silent());
    assert_eq!(visitor.state().user, None);
}

// Fails when a blank token, or any other that is not ours, is adopted.
#[tokio::test]
async fn security_3_an_unknown_token_is_never_adopted() {
    let site = site::<Visit, _>(|b| b);
    for fixed in ["chosen", "", "AAAA"] {
        let login = async |mut s: Handle| s.set_user(user("ann"));
        let reply = site.run(&format!("__Host-session={fixed}"), login).await;
        assert_ne!(reply.token(), Some(fixed));
        assert!(reply.seals());
    }
}

// Fails when what `reauthenticated` asked for on a 5xx hides the logout beside it.
#[tokio::test]
async fn rule_11_a_logout_beside_a_login_ends_the_session_on_a_5xx() {
    let site = site::<Visit, _>(|b| b);
    let rows: [fn(&mut Handle); 2] = [
        |s| {
            s.reauthenticated();
            s.set_user(None);
        },
        |s| {
            s.set_user(None);
            s.role = 9;
        },
    ];
    for (row, does) in rows.into_iter().enumerate() {
        let handler = async move |mut s: Handle| {
            does(&mut s);
            StatusCode::BAD_GATEWAY
        };
        assert!(site.run(&site.cookie(ann()), handler).await.removes(), "row {row}");
    }
}
