//! D, ids, keys, tampering.

use crate::home::{Does, Home, token_of};
use crate::state::{Handle, Visit, full, new_and_views, show, visit};
use axum::http::{HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use session::{HeaderCarrier, MaxAge, Session, TypedSession, hours};
use session_tests::{NAME, Sealed, Site, request, ring, site_under, stored_site};
use tower_http::catch_panic::CatchPanicLayer;

both_homes!(
    d_01_a_wrong_signature_is_no_session_and_no_error,
    d_02_the_bad_cookie_is_removed_by_an_extracting_response,
    d_06_an_unknown_id_is_never_adopted,
    d_07_rotate_keeps_the_content_and_destroy_drops_it,
    d_09_a_rotated_session_whose_handler_fails_is_still_there,
    d_10_of_several_cookies_the_one_that_verifies_counts,
);

async fn d_01_a_wrong_signature_is_no_session_and_no_error(home: Home) {
    let world = open!(home, Visit, |b| b);
    let good = world.guest(visit(5)).cookie;
    let token = token_of(&good);
    let bytes = URL_SAFE_NO_PAD.decode(token).expect("base64url");
    let mut bad: Vec<String> = vec![
        token[..token.len() - 1].to_owned(),
        token[4..].to_owned(),
        format!("{token}A"),
        format!("{token}AAAA"),
        format!("{token}="),
        format!("{token}."),
        token.to_uppercase(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    ];
    let standard = STANDARD.encode([0xfb, 0xff, 0xfe].repeat(16));
    bad.push(standard);
    for at in 0..token.len() {
        let flipped = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        bad.push(format!("{}{flipped}{}", &token[..at], &token[at + 1..]));
    }
    let rows = world.shelf.dump();
    for token in bad {
        let reply = world.says(&format!("{NAME}={token}"), new_and_views).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 0"), "{token}");
    }
    assert_eq!(world.shelf.dump(), rows, "the handle alone ends nothing");
    assert!(world.lives(&good));
    // Under another cookie's name; a store's id is bound to the type.
    let other = beside!(world, Visit, |b| b.name("sid")).named("sid");
    assert_eq!(other.lives(&format!("sid={token}")), world.stored());
    #[derive(Session)]
    struct Another {
        views: u64,
    }
    let other = beside!(world, Another, |b| b);
    assert!(!other.lives(&good));
    assert_eq!(other.state(&good).views, 0);
}

async fn d_02_the_bad_cookie_is_removed_by_an_extracting_response(home: Home) {
    let world = open!(home, Visit, |b| b);
    let bad = format!("{}x", world.guest(visit(5)).cookie);
    let reply = world.does(&bad, |_| {}).await;
    assert!(reply.removes());
    let attributes = crate::home::attributes(&reply);
    assert_eq!(attributes, "; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert!(world.run(&bad, async || "ok").await.is_silent());
    let fails = world.run(&bad, async |_: Handle| StatusCode::BAD_GATEWAY).await;
    assert!(fails.removes());
    assert!(world.does(&bad, |s| s.discard()).await.is_silent());

    // Left alone until something is written.
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Other {
        views: String,
    }
    let other = beside!(world, Other, |b| b);
    let undecodable = other.cookie(Other { views: "x".to_owned() });
    assert!(world.does(&undecodable, |_| {}).await.is_silent());
    assert!(world.does(&undecodable, |s| s.views = 1).await.seals());
    if world.stored() {
        let ended = world.guest(visit(5)).cookie;
        world.does(&ended, |s| s.destroy()).await;
        assert!(world.does(&ended, |_| {}).await.is_silent());
    } else {
        let stranger = site_under::<Visit, _>(ring("x"), |b| b).cookie(visit(5));
        assert!(world.does(&stranger, |_| {}).await.is_silent());
    }
}

fn under(keys: &str) -> Site<Visit> {
    site_under(ring(keys), |b| b.path("/app").name("__Secure-s").domain("example.com"))
        .named("__Secure-s")
}

#[tokio::test]
async fn d_03_an_older_key_is_accepted_and_resigned() {
    let old = under("a").cookie(visit(5));
    let site = under("ba");
    assert!(site.run(&old, async || "ok").await.is_silent());
    assert!(site.run(&old, async |_: Handle| StatusCode::BAD_GATEWAY).await.is_silent());
    let mut visitor = site.visitor();
    visitor.cookie.clone_from(&old);
    let reply = visitor.says(new_and_views).await;
    assert_eq!(reply.body, "false 5");
    assert!(reply.seals());
    assert_eq!(visitor.sealed().key, Sealed::read(&under("b").cookie(visit(1))).key);
    assert!(visitor.does(|_| {}).await.is_silent(), "once");
    assert_eq!(site.run(&visitor.cookie, async |s: Handle| s.views.to_string()).await.body, "5");
}

#[tokio::test]
async fn d_04_the_resigned_cookie_keeps_its_attributes_and_expiry() {
    let (old, new) = (under("a"), under("ba"));
    let own = async |mut s: Handle| {
        s.views = 1;
        s.set_max_age(MaxAge::Browser).expect("possible");
    };
    let mut browser = old.visitor();
    browser.sends(own).await;
    let configured = old.cookie(visit(5));
    new.clock.advance(hours(5));
    for (cookie, max_age) in [(configured, Some("68400")), (browser.cookie.clone(), None)] {
        let reply = new.run(&cookie, async |_: Handle| {}).await;
        assert_eq!(reply.attribute("Max-Age"), max_age);
        assert_eq!(
            crate::home::attributes(&reply),
            "; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax"
        );
        let (before, after) =
            (Sealed::read(&cookie), Sealed::read(reply.token().expect("sealed anew")));
        assert_ne!(before.key, after.key);
        assert_eq!(after, Sealed { key: after.key, ..before });
    }
}

#[tokio::test]
async fn d_05_a_key_no_longer_listed_is_no_session() {
    let (old, new) = (under("a"), under("b"));
    let cookie = old.cookie(visit(5));
    let reply = new.run(&cookie, async |mut s: Handle| new_and_views(&mut s)).await;
    assert_eq!(reply.body, "true 0");
    assert!(reply.is_silent());
    assert_eq!(new.events.take(), ["invalid"]);
    assert!(new.run(&cookie, async |mut s: Handle| s.views = 1).await.seals());
}

async fn d_06_an_unknown_id_is_never_adopted(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut cookies = vec![format!("{NAME}={}", URL_SAFE_NO_PAD.encode([0xc7_u8; 48]))];
    if world.stored() {
        cookies.push(world.guest(visit(5)).cookie);
        cookies.push(world.guest(visit(6)).cookie);
        world.does(&cookies[2], |s| s.destroy()).await;
        world.shelf.forget_the_ended();
        for (key, _) in world.shelf.rows() {
            world.shelf.forget(&key);
        }
    }
    for cookie in cookies {
        let reply = world.does(&cookie, |s| s.views = 1).await;
        let token = URL_SAFE_NO_PAD.decode(reply.token().expect("a session")).expect("base64url");
        let brought = URL_SAFE_NO_PAD.decode(token_of(&cookie)).expect("base64url");
        assert_ne!(token[..16], brought[..16], "the handle");
        assert_ne!(token[16..], brought[16..], "the secret");
        assert!(world.does(&cookie, |_| {}).await.removes());
    }
}

async fn d_07_rotate_keeps_the_content_and_destroy_drops_it(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(full());
    let (before, content) = (visitor.cookie.clone(), show(&mut visitor.state()));
    let handle = visitor.state().id();
    world.clock.advance(hours(1));
    let rotated = visitor.does(|s| s.rotate()).await;
    assert_ne!(visitor.cookie, before);
    assert_eq!(rotated.attribute("Max-Age"), Some("82800"), "lifetimes stay");
    assert_eq!(show(&mut visitor.state()), content);
    assert_eq!(visitor.state().id(), handle);
    if !world.stored() {
        let (was, is) = (Sealed::read(&before), visitor.sealed());
        assert_eq!((was.started, was.renewed), (is.started, is.renewed));
        assert_eq!(is.rotated, world.clock.ms());
    }

    let rotated = visitor.cookie.clone();
    let anew = |s: &mut Handle| {
        s.destroy();
        s.views = 1;
    };
    let reply = visitor.does(anew).await;
    assert_ne!(visitor.cookie, rotated);
    assert_eq!(reply.attribute("Max-Age"), Some("86400"));
    let mut expected = world.state(&world.cookie(visit(1)));
    assert_eq!(show(&mut visitor.state()), show(&mut expected));
    if world.stored() {
        assert_ne!(visitor.state().id(), handle);
        assert!(!world.lives(&rotated));
    }
}

#[derive(Session)]
struct Member {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

#[tokio::test]
async fn d_08_after_rotation_nothing_uses_the_old_id() {
    let (site, shelf) = stored_site::<Member, _>(|b| b);
    let mut visitor = site.visitor_with(Member { views: 7, user: Some("ann".to_owned()) });
    let (old, handle) = (visitor.cookie.clone(), visitor.state().id());
    let rotate_and_write_the_same = |s: &mut TypedSession<Member>| {
        s.rotate();
        s.views = 7;
    };
    visitor.does(rotate_and_write_the_same).await;
    assert_ne!(visitor.cookie, old);
    let state = visitor.state();
    assert_eq!((state.is_new(), state.views, state.id()), (false, 7, handle));
    drop(state);
    assert!(!site.lives(&old));
    assert_eq!(shelf.rows().len(), 1);
    let sessions = site.layer.sessions();
    let listed = sessions.by_user("ann").list().await.expect("a store");
    assert_eq!(listed.iter().map(|session| Some(session.handle)).collect::<Vec<_>>(), [handle]);

    // What carries the token shows the new one.
    let name = HeaderName::from_static("x-token");
    let (site, _) = stored_site::<Visit, _>(|b| b.carrier(HeaderCarrier::new(name)));
    let created = site.run("", async |mut s: Handle| s.views = 1).await.header("x-token");
    let mut again = request("");
    again.headers_mut().insert("x-token", created.parse().expect("ASCII"));
    let rotated = site.send(site.app(async |mut s: Handle| s.rotate()), again).await;
    let token = rotated.header("x-token");
    assert!(!token.is_empty() && token != created);
}

async fn d_09_a_rotated_session_whose_handler_fails_is_still_there(home: Home) {
    let acts: [fn(&mut Handle); 3] = [
        |s| s.rotate(),
        |s| s.user = Some("bob".to_owned()),
        |s| {
            s.views = 8;
            s.reauthenticated();
        },
    ];
    for act in acts {
        let world = open!(home, Visit, |b| b);
        let visitor = world.guest(full());
        let content = show(&mut visitor.state());
        world.forget_the_calls();
        let fails = async move |mut s: Handle| {
            act(&mut s);
            StatusCode::INTERNAL_SERVER_ERROR
        };
        assert!(world.run(&visitor.cookie, fails).await.is_silent());
        world.costs(&["load"]);
        let panics = async move |mut s: Handle| -> () {
            act(&mut s);
            panic!("on purpose");
        };
        for outside in [false, true] {
            let app = if outside {
                world.app(panics).layer(CatchPanicLayer::new())
            } else {
                axum::Router::new()
                    .route("/", axum::routing::any(panics))
                    .layer(CatchPanicLayer::new())
                    .layer(world.layer.clone())
            };
            let reply = world.send(app, request(&visitor.cookie)).await;
            assert_eq!((reply.status.as_u16(), reply.is_silent()), (500, true));
            world.costs(&["load"]);
        }
        assert_eq!(show(&mut visitor.state()), content);
    }
}

async fn d_10_of_several_cookies_the_one_that_verifies_counts(home: Home) {
    let world = open!(home, Visit, |b| b);
    let good = world.guest(visit(5)).cookie;
    let tossed = format!("{NAME}=tossed");
    for at in 0..8 {
        let mut cookies = vec![&*tossed; 7];
        cookies.insert(at, &good);
        let reply = world.says(&cookies.join("; "), new_and_views).await;
        assert_eq!((reply.body.as_str(), reply.is_silent()), ("false 5", true), "{at}");
    }
    let twice = world.says(&format!("{good}; {good}"), new_and_views).await;
    assert_eq!(twice.body, "false 5");
    let ninth = format!("{}{good}", format!("{tossed}; ").repeat(8));
    assert_eq!(world.says(&ninth, new_and_views).await.body, "true 0");
}
