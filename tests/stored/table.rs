//! Rule 8's table, row by row: which calls a request makes, and what the client gets. And rule 19:
//! the headers beside.

use crate::race::{cookie_of, key_of};
use crate::state::{Handle, Visit, visit};
use session::{OnUndecodable, Session, SessionLayer, TypedSession, days};
use session_tests::{NAME, stored_site};

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
}

// Fails when a session that nobody changed is written, makes a row or sends a cookie.
#[tokio::test]
async fn security_34_a_thousand_anonymous_visits_leave_no_row() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    for n in 0..1000 {
        let reply = match n % 3 {
            0 => site.run("", async |s: Handle| s.views.to_string()).await,
            1 => site.run("", async |mut s: Handle| s.destroy()).await,
            _ => site.run("", async |mut s: Handle| s.rotate()).await,
        };
        assert_eq!(reply.status, 200);
        assert!(reply.set_cookies().is_empty());
    }
    assert!(shelf.calls().is_empty());
    assert!(shelf.dump().is_empty());
}

// Fails when the same value, or a value that was changed back, is written.
#[tokio::test]
async fn rule_8_b_4_the_same_value_and_changed_back_cost_the_load_only() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    shelf.calls();
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.views = 7;
            s.note = Some("x".into());
            s.note = None;
            s.user = Some("ann".into());
        })
        .await;
    assert!(reply.line().is_none());
    assert_eq!(shelf.calls(), ["load"]);
}

// Fails when one change takes other fields with it, or a loaded field with a default.
#[tokio::test]
async fn b_15_one_field_changed_the_others_stay() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(Visit { note: Some("n; \"ü\"".into()), ..ann() });
    visitor.sends(async |mut s: Handle| s.views += 1).await;
    let s = visitor.state();
    let (user, note) = (s.user.as_deref(), s.note.as_deref());
    assert_eq!((s.views, user, note), (8, Some("ann"), Some("n; \"ü\"")));
}

// Fails when `rotate()` costs more than the load and one write, keeps the old id, or changes what
// the session holds.
#[tokio::test]
async fn rule_8_rotated_is_one_write_a_new_cookie_and_the_old_id_is_dead() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(7));
    let old = visitor.cookie.clone();
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(shelf.calls(), ["load", "update"]);
    assert!(reply.seals());
    assert_ne!(visitor.cookie, old);
    assert_eq!(visitor.state().views, 7);
    assert!(!site.lives(&old));
    assert_eq!(shelf.rows().len(), 1);
    assert_eq!(site.events.take(), ["loaded", "rotated", "loaded"]);
}

// Fails when `destroy()` and a new session in one request leave the old row, keep the id, or take
// anything over.
#[tokio::test]
async fn rule_8_d_7_destroyed_and_written_is_a_new_session_from_initial_values() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(Visit { colour: "red".into(), ..ann() });
    let (old, handle) = (visitor.cookie.clone(), visitor.state().id());
    shelf.calls();
    let reply = visitor
        .sends(async |mut s: Handle| {
            s.destroy();
            s.note = Some("new".into());
        })
        .await;
    assert!(reply.seals());
    assert_eq!(shelf.calls(), ["load", "delete", "index_remove", "create"]);
    let s = visitor.state();
    assert_eq!((s.views, s.user.as_deref(), s.note.as_deref()), (0, None, Some("new")));
    assert_eq!(s.colour, "");
    assert_ne!(s.id(), handle);
    assert!(!site.lives(&old));
    assert_eq!(shelf.rows().len(), 1);
    assert!(shelf.members().is_empty());
}

// Fails when the order of `save()` and nothing else is not kept: forced means written.
#[tokio::test]
async fn b_11_f_2_save_writes_what_did_not_change_and_makes_a_row_of_a_new_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    let reply = visitor.sends(async |mut s: Handle| s.save()).await;
    assert!(reply.seals());
    assert_eq!(shelf.calls(), ["create"]);
    let reply = visitor.sends(async |mut s: Handle| s.save()).await;
    assert!(!reply.seals());
    assert_eq!(shelf.calls(), ["load", "update"]);
}

// Fails when `replace` changes the id, or keeps members that the type does not know.
#[tokio::test]
async fn rule_21_b_8_unknown_members_survive_a_write_and_replace_drops_them() {
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Older {
        views: u64,
    }
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let older = site.beside(SessionLayer::<Older>::stored(shelf.clone()));
    let cookie = site.cookie(Visit { note: Some("kept".into()), ..visit(1) });
    older.run(&cookie, async |mut s: TypedSession<Older>| s.views = 2).await;
    let s = site.state(&cookie);
    assert_eq!((s.views, s.note.as_deref()), (2, Some("kept")));
    let handle = s.id();
    drop(s);
    let replace = async |mut s: TypedSession<Older>| s.replace(Older { views: 2 });
    let reply = older.run(&cookie, replace).await;
    assert!(!reply.seals());
    let s = site.state(&cookie);
    assert_eq!((s.views, s.note.as_deref(), s.id()), (2, None, handle));
}

// Fails when a login drops unknown members (only a change of user does), or a change of user keeps
// them.
#[tokio::test]
async fn rule_21_a_change_of_user_drops_unknown_members() {
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Older {
        #[session(rotate)]
        user: Option<String>,
    }
    for (user, kept) in [("ann", Some("kept")), ("bob", None)] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let older = site.beside(SessionLayer::<Older>::stored(shelf.clone()));
        let cookie = site.cookie(Visit { note: Some("kept".into()), ..ann() });
        let login = async move |mut s: TypedSession<Older>| {
            s.set_user(Some(user.to_owned()));
        };
        let reply = older.run(&cookie, login).await;
        let s = site.state(&cookie_of(&reply));
        assert_eq!(s.note.as_deref(), kept, "{user}");
    }
}

// Fails when a response with a token may be cached, or says nothing of the Cookie header; or when
// one that only read forbids caching.
#[tokio::test]
async fn rule_19_no_store_with_a_token_and_vary_whenever_extracted() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let read = site.run(&cookie, async |s: Handle| s.views.to_string()).await;
    assert_eq!((read.header("vary"), read.header("cache-control")), ("Cookie".into(), "".into()));
    let changed = site.run(&cookie, async |mut s: Handle| s.views += 1).await;
    assert_eq!(changed.header("cache-control"), "", "no token, nothing to hide");
    assert_eq!(changed.header("vary"), "Cookie");
    for reply in [
        site.run(&cookie, async |mut s: Handle| s.rotate()).await,
        site.run("", async |mut s: Handle| s.views = 1).await,
        site.run(&site.cookie(visit(1)), async |mut s: Handle| s.destroy()).await,
    ] {
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("vary"), "Cookie");
        assert_eq!(reply.set_cookies().len(), 1);
    }
}

// Fails when the cookie lacks one of its attributes, or lives longer than what is left.
#[tokio::test]
async fn rule_18_the_cookie_has_its_attributes_and_what_is_left_as_max_age() {
    let (site, _) = stored_site::<Visit, _>(|b| b.max_age(days(2)).absolute(days(3)));
    let mut visitor = site.visitor_with(visit(1));
    site.clock.advance(days(1) + std::time::Duration::from_millis(1));
    let reply = visitor.sends(async |_: Handle| ()).await;
    assert_eq!(reply.attribute("Max-Age"), Some("172800"), "the nearer of idle and absolute");
    site.clock.advance(days(1) + std::time::Duration::from_millis(1));
    let reply = visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(reply.attribute("Max-Age"), Some("86400"), "absolute is nearer, rounded up");
    for attribute in ["Secure", "HttpOnly", "Path", "SameSite"] {
        assert!(reply.attribute(attribute).is_some(), "{attribute}");
    }
    let token = reply.token().expect("a token");
    assert_eq!(token.len(), 64);
    let removal = visitor.sends(async |mut s: Handle| s.destroy()).await;
    let line = removal.line().expect("a removal").to_owned();
    for attribute in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=0"] {
        assert!(line.contains(attribute), "{line}");
    }
}

// Fails when a malformed id is kept with the client, or costs a call.
#[tokio::test]
async fn rule_17_security_2_a_malformed_id_is_removed_and_costs_no_call() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let good = site.cookie(visit(1));
    let token = good.split_once('=').expect("a pair").1.to_owned();
    shelf.calls();
    site.events.take();
    let other_case: String = token.chars().map(|c| if c == 'a' { 'A' } else { c }).collect();
    let malformed = [
        "x".to_owned(),
        token[..63].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("\"{token}\""),
        format!("%{}", &token[1..]),
        format!("{}.{}", &token[..31], &token[32..]),
        "../../../../etc/passwd".to_owned(),
        "*".repeat(64),
        ":".repeat(64),
    ];
    for bad in malformed {
        let reply = site
            .run(&format!("{NAME}={bad}"), async |s: Handle| {
                assert!(s.is_new());
            })
            .await;
        assert!(reply.removes(), "{bad}");
        assert_eq!(site.events.take(), ["invalid"], "{bad}");
        assert!(shelf.calls().is_empty(), "{bad}");
    }
    if other_case != token {
        let reply = site.run(&format!("{NAME}={other_case}"), async |_: Handle| ()).await;
        assert_eq!(reply.status, 200);
        assert!(!site.lives(&format!("{NAME}={other_case}")));
    }
    assert!(site.lives(&good));
}

// Fails when the one that lives does not count wherever it stands, or a ninth is looked at.
#[tokio::test]
async fn rule_18_d_10_of_several_cookies_the_live_one_counts_and_eight_are_tried() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let good = site.cookie(visit(1));
    let unknown: Vec<String> = (0..8).map(|n| site.cookie(visit(n))).collect();
    for cookie in &unknown {
        shelf.forget(&key_of(site.state(cookie).id()));
    }
    for at in 0..=8 {
        let mut cookies = unknown.clone();
        cookies.insert(at, good.clone());
        shelf.calls();
        let reply = site.run(&cookies.join("; "), async |s: Handle| s.is_new().to_string()).await;
        assert_eq!(reply.body, if at < 8 { "false" } else { "true" }, "at {at}");
        assert_eq!(shelf.calls(), ["load"; 8]);
    }
    // The same one twice is one.
    let reply =
        site.run(&format!("{good}; {good}"), async |s: Handle| s.is_new().to_string()).await;
    assert_eq!(reply.body, "false");
    assert_eq!(shelf.calls(), ["load"]);
}

// Fails when one of two valid sessions is taken, or any cookie is sent without a login.
#[tokio::test]
async fn rule_18_two_valid_ones_are_ambiguous_unless_it_logs_in() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let (a, b) = (site.cookie(visit(1)), site.cookie(visit(2)));
    let both = format!("{a}; {b}");
    shelf.calls();
    site.events.take();
    let reply = site
        .run(&both, async |mut s: Handle| {
            assert!(s.is_new());
            s.views = 9;
        })
        .await;
    assert!(reply.line().is_none());
    assert_eq!(site.events.take(), ["ambiguous"]);
    assert_eq!(shelf.calls(), ["load", "load"]);
    let none = site.run(&both, async |s: Option<Handle>| s.is_none().to_string()).await;
    assert_eq!(none.body, "true");
    let reply = site.run(&both, async |mut s: Handle| s.user = Some("ann".into())).await;
    assert!(reply.seals());
    assert_eq!((site.state(&a).views, site.state(&b).views), (1, 2));
}

// Fails when a row that can't be decoded is overwritten, deleted, its cookie taken away, or when
// `Fail` does not refuse.
#[tokio::test]
async fn rule_17_e_6_an_undecodable_row_is_left_alone() {
    for fail in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| {
            b.on_undecodable(if fail { OnUndecodable::Fail } else { OnUndecodable::Reset })
        });
        let cookie = site.cookie(visit(1));
        let (key, _) = shelf.rows()[0].clone();
        shelf.scribble(&key, |record| {
            let at = record.body.windows(8).position(|bytes| bytes == br#"{"views""#);
            record.body.truncate(at.expect("JSON"));
            record.body.extend_from_slice(br#"{"views":"private"}"#);
        });
        let (before, _) = (shelf.rows(), site.events.take());
        let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
        assert!(reply.line().is_none());
        assert_eq!(site.events.take(), ["undecodable(views)"]);
        if fail {
            assert_eq!(reply.status, 500);
            assert!(!reply.body.contains("private"));
        } else {
            assert_eq!(reply.body, "true");
            let reply = site.run(&cookie, async |mut s: Handle| s.views = 3).await;
            assert!(reply.seals());
            assert_eq!(site.state(&cookie_of(&reply)).views, 3);
        }
        assert!(before.iter().all(|row| shelf.rows().contains(row)), "it is as it was");
    }
}

// Fails when garbage under a key, or what the engine calls corrupt, is an outage, is overwritten, or
// takes the cookie away.
#[tokio::test]
async fn e_6_a_corrupt_row_is_a_new_session_and_an_event_and_left_alone() {
    for by_the_engine in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        let (key, _) = shelf.rows()[0].clone();
        if by_the_engine {
            shelf.fail(session_tests::Fault::Corrupt("load"));
        } else {
            shelf.scribble(&key, |record| record.body = b"\x00garbage".to_vec());
        }
        let (before, _) = (shelf.rows(), site.events.take());
        let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
        assert_eq!((reply.status.as_u16(), &*reply.body), (200, "true"));
        assert!(reply.line().is_none());
        assert_eq!(site.events.take(), ["undecodable"]);
        let reply = site.run(&cookie, async |mut s: Handle| s.views = 3).await;
        assert!(reply.seals());
        assert!(before.iter().all(|row| shelf.rows().contains(row)), "it is as it was");
    }
}

// Fails when `save_empty` makes no row, or makes a second one.
#[tokio::test]
async fn a_row_of_a_saved_empty_session_is_made_once() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.save_empty(true));
    let mut visitor = site.visitor();
    assert!(visitor.sends(async |_: Handle| ()).await.seals());
    assert!(visitor.sends(async |_: Handle| ()).await.is_silent());
    assert_eq!(shelf.calls(), ["create", "load"]);
}

// Fails when `destroy()` is told as the end of a session where there was none to end, or not told where
// there was one; or when `save()` after it makes no blank session of its own.
#[tokio::test]
async fn rule_32_b_6_b_11_destroyed_is_told_of_live_sessions_only() {
    for saves in [false, true] {
        for row in ["none", "malformed", "unknown", "straggler", "expired", "live"] {
            let (site, shelf) = stored_site::<Visit, _>(|b| b);
            let live = site.cookie(ann());
            let (cookie, told): (String, &[&str]) = match row {
                "none" => (String::new(), &[]),
                "malformed" => (format!("{NAME}=junk"), &["invalid"]),
                "unknown" => (format!("{NAME}={}", "A".repeat(64)), &["missing"]),
                "straggler" => {
                    site.run(&live, async |mut s: Handle| s.rotate()).await;
                    (live, &["ended"])
                }
                "expired" => {
                    site.clock.advance(days(2));
                    (live, &["expired"])
                }
                _ => (live, &["loaded", "destroyed"]),
            };
            let rows = shelf.rows().len();
            site.events.take();
            let reply = site
                .run(&cookie, async move |mut s: Handle| {
                    s.destroy();
                    if saves {
                        s.save();
                    }
                })
                .await;
            let created = saves && row != "straggler";
            let after: &[&str] = if created { &["created"] } else { &[] };
            assert_eq!(site.events.take(), [told, after].concat(), "{row}");
            assert_eq!(reply.seals(), created, "{row}");
            let gone = usize::from(matches!(row, "live" | "expired"));
            assert_eq!(shelf.rows().len(), rows - gone + usize::from(created), "{row}");
            if created {
                let s = site.state(&cookie_of(&reply));
                assert_eq!((s.is_new(), s.views, s.user.as_deref()), (false, 0, None));
            }
        }
    }
}

// Fails when Expires is not what Max-Age says, or an attribute that is left out is there, in the cookie or
// in its removal.
#[tokio::test]
async fn a_03_a_06_expires_and_no_same_site() {
    let (site, _) = stored_site::<Visit, _>(|b| b.expires(true).without_same_site());
    let reply = site.run("", async |mut s: Handle| s.views = 1).await;
    let attributes = "Path=/; Secure; HttpOnly";
    let date = "Expires=Wed, 15 Nov 2023 22:13:20 GMT";
    let line = reply.line().expect("a cookie");
    assert!(line.ends_with(&format!("; Max-Age=86400; {date}; {attributes}")), "{line}");
    let reply = site.run(&cookie_of(&reply), async |mut s: Handle| s.destroy()).await;
    let line = reply.line().expect("a removal");
    assert!(line.ends_with(&format!("00:00:00 GMT; {attributes}")), "{line}");
}
