//! Requirement 63: sessions whose rows are encrypted.

use crate::race::key_of;
use crate::state::{Handle, Visit, VisitIndexes, visit};
use session::store::Encrypted;
use session::{Keys, SessionLayer};
use session_tests::{Shelf, Site, stored_site};

fn keys(of: &[u8]) -> Keys {
    Keys::new(of.iter().map(|&key| [key; 32])).expect("keys")
}

/// A site with encrypted rows on the shelf.
fn over(site: &Site<Visit>, shelf: &Shelf, ring: &[u8]) -> Site<Visit> {
    site.beside(SessionLayer::stored(Encrypted::new(shelf.clone(), &keys(ring))))
}

fn ann() -> Visit {
    Visit { user: Some("ann".into()), note: Some("a secret note".into()), ..visit(1) }
}

// Fails when a row can be read in the store, or the session is another than with plain rows.
#[tokio::test]
async fn security_63_a_session_lives_as_without_encryption_and_nothing_of_it_lies_plain() {
    let (plain, shelf) = stored_site::<Visit, _>(|b| b);
    let site = over(&plain, &shelf, &[1]);
    let mut visitor = site.visitor_with(ann());
    visitor.sends(async |mut s: Handle| s.views += 1).await;
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(site.state(&visitor.cookie).views, 2);
    let (_, record) = shelf.rows()[0].clone();
    for part in ["secret", "ann", "views"] {
        let lies = record.body.windows(part.len()).any(|bytes| bytes == part.as_bytes());
        assert!(!lies, "{part}");
    }
    assert!(!plain.lives(&visitor.cookie), "nor can an instance without the key read it");
    assert_eq!(site.layer.sessions().by_user("ann").end_all().await.expect("a store"), 1);
    assert!(!site.lives(&visitor.cookie));
}

// Fails when a ring that turns logs somebody out; or when a session under a key that is not in the ring is
// more than blank: an error, or lost for those who have the key.
#[tokio::test]
async fn security_63_rule_17_a_ring_turns_and_an_unknown_key_leaves_all_as_it_is() {
    let (plain, shelf) = stored_site::<Visit, _>(|b| b);
    let [old, turned, new] = [&[1][..], &[2, 1], &[2]].map(|ring| over(&plain, &shelf, ring));
    let cookie = old.cookie(ann());
    new.events.take();
    let reply = new.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true"));
    assert!(reply.is_silent(), "the client keeps its own");
    assert_eq!(new.events.take(), ["undecodable"]);
    assert_eq!(old.state(&cookie).views, 1);
    // A change encrypts it under the first key.
    let reply = turned.run(&cookie, async |mut s: Handle| s.views += 1).await;
    assert_eq!(reply.status, 200);
    assert_eq!(new.state(&cookie).views, 2);
    assert!(!old.lives(&cookie));
}

// Fails when "log out everywhere" leaves a session alive because the instance that does it has not its
// key.
#[tokio::test]
async fn security_63_log_out_everywhere_ends_what_cannot_be_read_here() {
    let (plain, shelf) = stored_site::<Visit, _>(|b| b);
    let [old, new] = [&[1][..], &[2]].map(|ring| over(&plain, &shelf, ring));
    let cookies = [old.cookie(ann()), new.cookie(ann())];
    let key = key_of(old.state(&cookies[0]).id());
    assert_eq!(new.layer.sessions().by_user("ann").count().await.expect("a store"), 1);
    new.layer.sessions().by_user("ann").end_all().await.expect("a store");
    assert!(!old.lives(&cookies[0]) && !new.lives(&cookies[1]));
    assert!(shelf.rows().iter().all(|(other, _)| *other != key));
}
