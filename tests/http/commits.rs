//! Rule 13: committing, by hand and by itself.

use axum::RequestPartsExt;
use axum::extract::Request;
use session::{CommitError, Session, TypedSession, hours};
use session_tests::site;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(default = "red".to_owned())]
    colour: String,
    note: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, colour: "blue".to_owned(), note: Some("n".to_owned()) }
}

#[derive(Session)]
struct Unencodable {
    views: u64,
    // JSON has text keys only.
    map: std::collections::BTreeMap<Vec<u8>, u8>,
}

// Fails when manual commits are made though nobody asked, or not made when asked.
#[tokio::test]
async fn rule_13_without_auto_commit_only_commit_writes() {
    let site = site::<Visit, _>(|b| b.auto_commit(false));
    let cookie = site.cookie(visit(3));
    assert!(site.run(&cookie, async |mut s: Handle| s.views += 1).await.is_silent());
    assert!(site.run(&cookie, async |mut s: Handle| s.save()).await.is_silent());
    let mut visitor = site.visitor_with(visit(3));
    let reply = visitor
        .sends(async |mut s: Handle| {
            s.views += 1;
            s.commit().await.expect("fits");
            s.views += 1;
        })
        .await;
    assert_eq!(reply.set_cookies().len(), 1);
    assert_eq!(visitor.state().views, 4);
}

// Fails when the end of the request writes again what was committed.
#[tokio::test]
async fn f_1_an_explicit_commit_and_the_automatic_one_write_once() {
    let site = site::<Visit, _>(|b| b);
    for cookie in [site.cookie(visit(3)), String::new()] {
        site.events.take();
        let twice = async |mut s: Handle| {
            s.views += 1;
            s.commit().await.expect("fits");
            s.commit().await.expect("nothing to do");
        };
        let reply = site.run(&cookie, twice).await;
        assert_eq!(reply.set_cookies().len(), 1);
        let events = site.events.take();
        let writes = events.iter().filter(|e| e.starts_with("changed") || *e == "created").count();
        assert_eq!(writes, 1, "{events:?}");
    }
}

// Fails when a commit forgets what it compares with, or what was asked is done twice.
#[tokio::test]
async fn f_6_rotation_changes_and_commits_give_one_final_state() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let handler = async |mut s: Handle| {
        s.rotate();
        s.views += 1;
        s.commit().await.expect("fits");
        assert!(s.changed().is_empty());
        s.views += 1;
        s.commit().await.expect("fits");
        s.set_note(None);
        assert!(s.changed().contains("note"));
        s.commit().await.expect("fits");
        s.views -= 2;
    };
    let reply = visitor.sends(handler).await;
    assert_eq!(reply.set_cookies().len(), 1);
    let state = visitor.state();
    assert_eq!((state.views, state.note.as_deref()), (1, None));
}

// Fails when a handle loses its state by a commit that failed.
#[tokio::test]
async fn rule_13_a_commit_that_fails_can_be_mended() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let handler = async |mut s: Handle| {
        s.views = 2;
        s.note = Some("x".repeat(5000));
        let error = s.commit().await.expect_err("too large");
        assert!(error.to_string().contains("`note`"), "{error}");
        assert_eq!((s.views, s.note.as_ref().map(String::len)), (2, Some(5000)));
        s.note = None;
        s.commit().await.expect("fits now");
    };
    let reply = visitor.sends(handler).await;
    assert_eq!(reply.status, 200);
    assert_eq!(visitor.state().views, 2);
}

// Fails when the state is not put back after a hook or the codec failed.
#[tokio::test]
async fn rule_13_a_handle_keeps_its_state_whatever_made_its_commit_fail() {
    let site =
        site::<Visit, _>(|b| b.before_save(|s, _| if s.views == 2 { Err("no") } else { Ok(()) }));
    let mut visitor = site.visitor_with(visit(1));
    let handler = async |mut s: Handle| {
        s.views = 2;
        s.note = Some("kept".to_owned());
        s.commit().await.expect_err("the hook says no");
        assert_eq!((s.views, s.note.as_deref()), (2, Some("kept")));
        s.views = 3;
    };
    assert!(visitor.sends(handler).await.seals());
    assert_eq!((visitor.state().views, visitor.state().note.as_deref()), (3, Some("kept")));

    let site = session_tests::site::<Unencodable, _>(|b| b);
    let mut visitor = site.visitor();
    let handler = async |mut s: TypedSession<Unencodable>| {
        s.views = 2;
        s.map.insert(vec![1], 1);
        s.commit().await.expect_err("no JSON");
        assert_eq!((s.views, s.map.len()), (2, 1));
        s.map.clear();
    };
    assert!(visitor.sends(handler).await.seals());
    assert_eq!(visitor.state().views, 2);
}

// Fails when `discard()` does not forbid, or forbids more than this request.
#[tokio::test]
async fn f_2_discard_forbids_the_write_of_this_request() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let forbid = async |mut s: Handle| {
        s.views = 9;
        s.discard();
        s.views = 10;
    };
    assert!(visitor.sends(forbid).await.is_silent());
    assert!(visitor.sends(async |mut s: Handle| s.views += 1).await.seals());
    assert_eq!(visitor.state().views, 2);
    site.clock.advance(hours(13));
    let reply = visitor.sends(async |mut s: Handle| s.discard()).await;
    assert!(reply.is_silent(), "no renewal either");
}

// Fails when the request's own answer changes in the middle of it.
#[tokio::test]
async fn b_10_is_new_tells_what_the_request_brought_also_after_a_commit() {
    let site = site::<Visit, _>(|b| b);
    let handler = async |mut s: Handle| {
        s.views += 1;
        s.commit().await.expect("fits");
        s.is_new().to_string()
    };
    assert_eq!(site.run("", handler).await.body, "true");
}

// Fails when a handle that has what can't be encoded shares a version with one that has not.
#[tokio::test]
async fn rule_10_a_state_that_can_t_be_encoded_is_never_overwritten_in_silence() {
    let site = site::<Unencodable, _>(|b| b);
    let handler = async |request: Request| {
        let (mut parts, _) = request.into_parts();
        let mut first = parts.extract::<TypedSession<Unencodable>>().await.expect("a session");
        first.views = 2;
        first.map.insert(vec![1], 1);
        first.commit().await.expect_err("no JSON");
        let second = parts.extract::<TypedSession<Unencodable>>().await;
        assert!(second.is_err(), "there is nothing to make it of");
        drop(first);
        let third = parts.extract::<TypedSession<Unencodable>>().await;
        assert!(third.is_err());
    };
    let reply = site.run("", handler).await;
    assert_eq!(reply.status, 500);
    assert!(matches!(reply.error.as_deref(), Some(CommitError::Encode(_))), "{:?}", reply.error);
}
