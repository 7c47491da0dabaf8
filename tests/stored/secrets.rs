//! Security 4 to 7, 56 and 66, and rule 6: nothing of an id is in a row, in a `Debug` or with
//! anybody else.

use crate::race::{cookie_of, elsewhere, key_of};
use crate::state::{Handle, Visit, VisitIndexes, visit};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use session::{Session, SessionLayer, Sessions, TypedSession};
use session_tests::{NAME, Site, stored_site};
use std::future::poll_fn;
use std::task::Poll;

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id's secret half, in every form that somebody may have written it in.
fn forms(cookie: &str) -> Vec<Vec<u8>> {
    let token = cookie.split_once('=').expect("a pair").1;
    let bytes = URL_SAFE_NO_PAD.decode(token).expect("base64url");
    let mut forms = vec![token.as_bytes().to_vec()];
    for part in [&bytes[..], &bytes[16..], &bytes[16..32], &bytes[32..]] {
        forms.push(part.to_vec());
        forms.push(part.iter().rev().copied().collect());
        forms.push(hex(part).into_bytes());
        forms.push(hex(part).to_uppercase().into_bytes());
        for engine in [&URL_SAFE_NO_PAD, &URL_SAFE, &STANDARD, &STANDARD_NO_PAD] {
            forms.push(engine.encode(part).into_bytes());
        }
    }
    forms
}

// Fails when the id, or its secret half, is anywhere in the store, in any encoding, at any time.
#[tokio::test]
async fn security_4_nothing_of_the_secret_is_in_the_store() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    let mut ids = Vec::new();
    let acts: [fn(&mut Handle); 5] = [
        |s| s.views = 1,
        |s| s.user = Some("ann".into()),
        |s| s.rotate(),
        |s| s.user = None,
        |s| s.views = 2,
    ];
    for act in acts {
        visitor.sends(async move |mut s: Handle| act(&mut s)).await;
        ids.extend(forms(&visitor.cookie));
        let dump = shelf.dump();
        assert!(!dump.is_empty());
        assert!(!ids.iter().any(|form| contains(&dump, form)));
    }
}

// Fails when the key is anything but the digest of schema and handle: prefix-guessing must learn
// nothing, and no text of a client stands in it.
#[tokio::test]
async fn security_5_security_66_the_key_is_a_digest_of_the_handle() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let key = key_of(site.state(&cookie).id());
    assert_eq!(shelf.rows()[0].0, key);
    assert_eq!(key.to_string().len(), 64);
    for id in ["../../etc/passwd", "*", "a:b", "session:*", "\\", "%2e%2e", "'; --"] {
        shelf.calls();
        let reply = site.run(&format!("{NAME}={id}"), async |_: Handle| ()).await;
        assert_eq!(reply.status, 200);
        assert!(shelf.calls().is_empty(), "{id}");
    }
}

// Fails when a `Debug` or `Display` of anything that an app can hold shows the id or the state.
#[tokio::test]
async fn security_6_debug_shows_no_secret() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let state =
        Visit { user: Some("ann".into()), note: Some("correct-horse-battery".into()), ..visit(1) };
    let cookie = site.cookie(state);
    let ids = forms(&cookie);
    let texts = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let put = std::sync::Arc::clone(&texts);
    site.run(&cookie, async move |s: Handle, sessions: Sessions<Visit>| {
        let ann = "ann".to_owned();
        let found = sessions.by_user(&ann).list().await.expect("a store");
        let mut texts = vec![
            format!("{s:?}{:?}{}", s.id(), s.id().expect("a handle")),
            format!("{sessions:?}{:?}{found:?}", sessions.by_user(&ann)),
        ];
        let detached = s.detach().await.expect("a row");
        texts.push(format!("{detached:?}"));
        put.lock().expect("sane").extend(texts);
    })
    .await;
    let mut texts = texts.lock().expect("sane").clone();
    texts.push(format!("{:?}{:?}", site.layer, shelf.rows()));
    shelf.fail(session_tests::Fault::Down);
    let reply = site.run(&cookie, async |_: Handle| ()).await;
    texts.push(format!("{:?}{}", reply.error, reply.body));
    shelf.fail(session_tests::Fault::Before("update"));
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 2).await;
    texts.push(format!("{:?}{}", reply.error, reply.body));
    for text in texts {
        assert!(!text.is_empty());
        assert!(!text.contains("correct-horse"), "{text}");
        assert!(!ids.iter().any(|form| contains(text.as_bytes(), form)), "{text}");
    }
}

// Fails when the handle shows a bit of the secret, or moves with it.
#[tokio::test]
async fn security_7_the_handle_tells_nothing_of_the_secret() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let handle = visitor.state().id().expect("a handle");
    for _ in 0..3 {
        let before = visitor.cookie.clone();
        visitor.sends(async |mut s: Handle| s.rotate()).await;
        let bytes = |cookie: &str| {
            URL_SAFE_NO_PAD.decode(cookie.split_once('=').expect("a pair").1).expect("base64url")
        };
        let (old, new) = (bytes(&before), bytes(&visitor.cookie));
        assert_eq!(old[..16], new[..16]);
        assert_eq!(hex(&new[..16]), handle.to_string());
        let same = old[16..].iter().zip(&new[16..]).filter(|(a, b)| a == b).count();
        assert!(same < 8, "the secret is made anew: {same} bytes are the same");
    }
}

#[derive(Session)]
struct Admin {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

// Fails when one type's id, row or index is good for another on the same store.
#[tokio::test]
async fn rule_6_two_types_on_one_store_never_see_each_other() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let admin: Site<Admin> = site.beside(SessionLayer::<Admin>::stored(shelf.clone()));
    let visit = site.cookie(Visit { user: Some("ann".into()), ..visit(7) });
    assert!(!admin.lives(&visit));
    let reply = admin.run(&visit, async |s: TypedSession<Admin>| s.views.to_string()).await;
    assert_eq!(reply.body, "0");
    let boss = admin.cookie(Admin { views: 1, user: Some("ann".into()) });
    assert!(!site.lives(&boss));
    assert_eq!(shelf.rows().len(), 2);
    let ann = "ann".to_owned();
    assert_eq!(site.layer.sessions().by_user(&ann).end_all().await.expect("a store"), 1);
    let admins = admin.layer.sessions();
    assert_eq!(AdminIndexes::by_user(&admins, &ann).count().await.expect("a store"), 1);
    assert!(admin.lives(&boss));
    // Nor when a row of the one is put where the other would look.
    let (_, record) = shelf.rows()[0].clone();
    let visit = site.cookie(crate::state::visit(1));
    shelf.put(key_of(site.state(&visit).id()), record);
    let reply = site.run(&visit, async |_: Handle| ()).await;
    assert_eq!(reply.status, 503);
}

// Fails when an old row that was copied before a rotation, or a logout, can be opened with the id of
// after; or one with another session's secret.
#[tokio::test]
async fn security_63_an_older_row_under_the_same_key_is_not_opened_by_the_new_id() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let (key, before) = shelf.rows()[0].clone();
    let old = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.user = Some("ann".into())).await;
    shelf.put(key, before);
    assert!(!site.lives(&visitor.cookie));
    assert!(site.lives(&old), "who can write to the store can put back");
}

// Fails when of many requests at once, some of them given up halfway, one sees or writes another's
// session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_56_sessions_never_cross_requests() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    shelf.slow_down();
    let mut tasks = Vec::new();
    for n in 0..2000_u64 {
        let app = site.app(async move |mut s: Handle| {
            let seen = s.note.clone();
            tokio::task::yield_now().await;
            s.note = Some(n.to_string());
            if n % 3 == 0 {
                s.rotate();
            }
            seen.unwrap_or_default()
        });
        tasks.push(tokio::spawn(async move {
            let mut cookie = String::new();
            for round in 0..4 {
                let request = session_tests::request(&cookie);
                let sending = tower::ServiceExt::oneshot(app.clone(), request);
                if n % 5 == 0 && round == 2 {
                    // Given up after a few polls.
                    let mut sending = Box::pin(sending);
                    let mut ready = false;
                    for _ in 0..=n % 7 {
                        if !ready {
                            let poll = |context: &mut std::task::Context<'_>| {
                                Poll::Ready(sending.as_mut().poll(context).is_ready())
                            };
                            ready = poll_fn(poll).await;
                        }
                    }
                    continue;
                }
                let response = sending.await.expect("apps answer");
                let reply = session_tests::Reply::of(response).await;
                // One that was given up may have been rotated: then its old id has ended.
                let own = reply.body.is_empty() || reply.body == n.to_string();
                assert!(own || reply.status == 409 && n % 5 == 0, "{}", reply.body);
                if reply.seals() {
                    cookie = cookie_of(&reply);
                }
            }
            cookie
        }));
    }
    for (n, task) in tasks.into_iter().enumerate() {
        let cookie = task.await.expect("its own");
        let reply = site.run(&cookie, async |s: Handle| s.note.clone().unwrap_or_default()).await;
        assert!(reply.body.is_empty() || reply.body == n.to_string());
    }
    assert!(shelf.rows().len() <= 2000 + 400);
}

// Fails when a destroyed session's content can still be had from the store.
#[tokio::test]
async fn a_destroyed_session_leaves_nothing_of_its_content() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { note: Some("correct-horse".into()), ..visit(1) });
    assert!(contains(&shelf.dump(), b"correct-horse"));
    elsewhere(&site.layer, &cookie, |s| s.destroy()).expect("ended");
    assert!(!contains(&shelf.dump(), b"correct-horse"));
}
