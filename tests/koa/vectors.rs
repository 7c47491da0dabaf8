//! The vectors of `docs/koa-wire-format.md`: read from the page, compared with what is written and read. Those
//! with rows are compared by their signatures here, and by their rows in `interop`.

use super::cookies::at;
use super::support::{Jar, NOW, sign};
use session::compat::koa::{KoaCookies, KoaKeys};
use session::{Serializable, Session, SessionData, SessionLayer, TypedSession};
use session_tests::site_of;

const PAGE: &str = include_str!("../../docs/koa-wire-format.md");

#[derive(Session)]
struct Views {
    views: u64,
    user: Option<String>,
}

#[derive(Session)]
struct Count {
    count: u64,
}

/// What stands behind `word` and a delimiter in the vector of this letter.
fn of(vector: &str, word: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n**{vector}.**")).expect("it is on the page");
    let (_, rest) = rest.split_once("```text\n").expect("a block");
    let (block, _) = rest.split_once("\n```").expect("its end");
    let found = block
        .lines()
        .find_map(|line| line.strip_prefix(word).and_then(|rest| rest.strip_prefix(['=', ' '])));
    found.unwrap_or_else(|| panic!("{vector} has no {word}: {block}"))
}

/// The vectors as they were taken from Node: the page is not to be changed with the code.
#[test]
fn the_page_says_what_node_wrote() {
    let a = "eyJ2aWV3cyI6MSwidXNlciI6ImFsaWNlIiwiX2V4cGlyZSI6MTcwMDA4NjQwMDAwMCwiX21heEFnZSI6ODY0MDAwMDB9";
    assert_eq!(of("A", "koa.sess"), a);
    assert_eq!(of("A", "koa.sess.sig"), "765PdgrmC6Vbyoe6YAoS7DXl1Ns");
    assert_eq!(of("A'", "koa.sess.sig"), "1vSHObC6-w7BJsykf1tpObkc-FY");
    assert_eq!(of("C", "koa.sess.sig"), "pehpoNjL-ur3sFe1riFDzhUBens");
    assert_eq!(of("F", "koa.sess.sig"), "mXyKlfsaD3kdTAnlI2GbI8ybwB8");
    assert_eq!(of("Generic", "koa.sid.sig"), "sx713zVMRQpqzuc5eZ0A_TlZ80U");
    assert_eq!(of("Egg", "EGG_SESS"), a);
    assert_eq!(of("Egg", "EGG_SESS.sig"), "g1dQRDpoj4mPoznUqYpjf1ix-QR-2TYpPgVD0DE3MQE");
    // Of rows the cookie is an id; its signature is recomputed from the page's description.
    assert_eq!(sign("key-new-2023", "koa.sess", of("F", "koa.sess")), of("F", "koa.sess.sig"));
    assert_eq!(sign("k1", "koa.sid", of("Generic", "koa.sid")), of("Generic", "koa.sid.sig"));
}

async fn show<T: SessionData>(session: TypedSession<T>) -> String {
    let state = serde_json::to_string(&Serializable(&*session)).unwrap();
    format!("{} {state}", session.is_new())
}

/// The jar's cookies, of this name.
fn pair(jar: &Jar, name: &str) -> (String, String) {
    (jar.0[name].clone(), jar.0[&format!("{name}.sig")].clone())
}

async fn alike(vector: &str, name: &str, keys: KoaKeys) {
    let site = site_of(SessionLayer::<Views>::koa(KoaCookies::new(keys).name(name))).named(name);
    at(&site.clock, NOW);
    let mut written = Jar::default();
    written
        .sends(&site, |mut session: TypedSession<Views>| async move {
            (session.views, session.user) = (1, Some("alice".into()));
        })
        .await;
    let signature = of(vector, &format!("{name}.sig"));
    assert_eq!(pair(&written, name), (of(vector, name).to_owned(), signature.to_owned()));
    let reply = written.sends(&site, show::<Views>).await;
    assert_eq!(reply.body, r#"false {"views":1,"user":"alice"}"#);
    assert!(reply.set_cookies().is_empty());
}

#[tokio::test]
async fn vectors_a_and_egg_are_written_and_read() {
    alike("A", "koa.sess", KoaKeys::sha1(["key-new-2023", "key-old-2022"]).unwrap()).await;
    alike("Egg", "EGG_SESS", KoaKeys::sha256(["key-new-2023"]).unwrap()).await;
}

#[tokio::test]
async fn vector_a_under_the_older_key_is_read_and_becomes_a() {
    let keys = KoaKeys::sha1(["key-new-2023", "key-old-2022"]).unwrap();
    let site = site_of(SessionLayer::<Views>::koa(KoaCookies::new(keys))).named("koa.sess");
    at(&site.clock, NOW);
    let value = of("A", "koa.sess");
    let mut jar = Jar::with(&[("koa.sess", value), ("koa.sess.sig", of("A'", "koa.sess.sig"))]);
    let reply = jar.sends(&site, show::<Views>).await;
    assert_eq!(reply.body, r#"false {"views":1,"user":"alice"}"#);
    assert_eq!(pair(&jar, "koa.sess"), (value.to_owned(), of("A", "koa.sess.sig").to_owned()));
}

#[tokio::test]
async fn vector_c_is_written_and_read() {
    let keys = KoaKeys::sha1(["k1"]).unwrap();
    let layer = SessionLayer::<Count>::koa(KoaCookies::new(keys)).browser_session();
    let site = site_of(layer).named("koa.sess");
    at(&site.clock, NOW);
    let mut jar = Jar::default();
    jar.sends(&site, |mut session: TypedSession<Count>| async move { session.count = 3 }).await;
    let (value, signature) = (of("C", "koa.sess"), of("C", "koa.sess.sig"));
    assert_eq!(pair(&jar, "koa.sess"), (value.to_owned(), signature.to_owned()));
    assert_eq!(jar.payload(), of("C", "payload"));
    assert_eq!(jar.sends(&site, show::<Count>).await.body, r#"false {"count":3}"#);
}
