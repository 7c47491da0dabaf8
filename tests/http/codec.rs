//! Rule 21: what is stored, and what becomes of members that a type does not know.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use session::{
    Codec, DecodeError, Deserializable, EncodeError, Payload, Serializable, Session, SessionData,
    TypedSession,
};
use session_tests::{Sealed, site};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a newer instance stores.
#[derive(Session)]
#[session(schema = "Visit")]
struct Newer {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    added: Vec<String>,
    more: BTreeMap<String, f64>,
}

/// What an older instance knows of it.
#[derive(Session)]
#[session(schema = "Visit")]
struct Older {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
}

type Old = TypedSession<Older>;
type Does = fn(&mut Old);

fn newer() -> Newer {
    Newer {
        views: 1,
        user: Some("ann".to_owned()),
        added: vec!["a \"quoted\" } text".to_owned(), "é".to_owned()],
        more: BTreeMap::from([("x".to_owned(), 1.5)]),
    }
}

/// Does something in the older instance; what the newer one sees of its own members then.
async fn through_the_older(does: Does) -> (bool, u64, Option<String>) {
    let (new, old) = (site::<Newer, _>(|b| b), site::<Older, _>(|b| b));
    let mut visitor = old.visitor();
    visitor.cookie = new.cookie(newer());
    let reply = visitor.sends(async move |mut s: Old| does(&mut s)).await;
    assert_eq!(reply.status, 200);
    if visitor.cookie.is_empty() {
        return (false, 0, None);
    }
    let state = new.state(&visitor.cookie);
    let whole = state.added == newer().added && state.more == newer().more;
    let none = state.added.is_empty() && state.more.is_empty();
    assert!(whole || none, "all or nothing");
    (whole, state.views, state.user.clone())
}

// Fails when `carry_unknown` is not called, or called too often.
#[tokio::test]
async fn rule_21_unknown_members_survive_a_write() {
    let ann = || Some("ann".to_owned());
    let rows: [(&str, Does, bool, u64, Option<String>); 9] = [
        ("nothing", |_| {}, true, 1, ann()),
        ("a change", |s| s.views = 2, true, 2, ann()),
        ("save", |s| s.save(), true, 1, ann()),
        ("rotate", |s| s.rotate(), true, 1, ann()),
        ("a logout", |s| s.set_user(None), true, 1, None),
        ("the same user", |s| s.set_user(Some("ann".to_owned())), true, 1, ann()),
        (
            "replace",
            |s| s.replace(Older { views: 9, user: Some("ann".to_owned()) }),
            false,
            9,
            ann(),
        ),
        (
            "destroy",
            |s| {
                s.destroy();
                s.views = 3;
            },
            false,
            3,
            None,
        ),
        ("another user", |s| s.set_user(Some("bob".to_owned())), false, 0, Some("bob".to_owned())),
    ];
    for (what, does, whole, views, user) in rows {
        assert_eq!(through_the_older(does).await, (whole, views, user), "{what}");
    }
}

// Fails when replacing by equal known content leaves the unknown where it was.
#[tokio::test]
async fn rule_21_replace_by_the_same_drops_the_unknown() {
    let same =
        through_the_older(|s| s.replace(Older { views: 1, user: Some("ann".to_owned()) })).await;
    assert_eq!(same, (false, 1, Some("ann".to_owned())));
}

// Fails when a renewal or a re-seal encodes anew.
#[tokio::test]
async fn rule_21_unknown_members_survive_a_renewal() {
    let (new, old) = (site::<Newer, _>(|b| b), site::<Older, _>(|b| b));
    let mut visitor = old.visitor();
    visitor.cookie = new.cookie(newer());
    for clock in [&old.clock, &new.clock] {
        clock.advance(session::hours(13));
    }
    assert!(visitor.sends(async |_: Old| {}).await.seals());
    assert_eq!(new.state(&visitor.cookie).added, newer().added);
    // Twice over: the members are carried, not copied once.
    for _ in 0..3 {
        visitor.sends(async |mut s: Old| s.views += 1).await;
    }
    assert_eq!(new.state(&visitor.cookie).added, newer().added);
    let payload = Sealed::read(&visitor.cookie).rest;
    assert_eq!(payload.matches("\"added\"").count(), 1, "{payload}");
}

// Fails when an explicit commit forgets the unknown members that were loaded.
#[tokio::test]
async fn rule_21_unknown_members_survive_commits() {
    let committed = async |mut s: Old| {
        s.views = 2;
        s.commit().await.expect("fits");
        s.views = 3;
        s.commit().await.expect("fits");
        s.views = 4;
    };
    let (new, old) = (site::<Newer, _>(|b| b), site::<Older, _>(|b| b));
    let mut visitor = old.visitor();
    visitor.cookie = new.cookie(newer());
    visitor.sends(committed).await;
    let state = new.state(&visitor.cookie);
    assert_eq!((state.views, &state.added), (4, &newer().added));
}

// Fails when a missing member is an error, or takes another value than the initial one.
#[tokio::test]
async fn rule_21_missing_members_take_their_initial_values() {
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Later {
        views: u64,
        user: Option<String>,
        #[session(default = "red".to_owned())]
        colour: String,
        level: i8,
    }
    let (old, new) = (site::<Older, _>(|b| b), site::<Later, _>(|b| b));
    let state = new.state(&old.cookie(Older { views: 4, user: None }));
    assert!(!state.is_new());
    assert_eq!((state.views, &*state.colour, state.level, &state.user), (4, "red", 0, &None));
}

/// Any serde format is a codec: this one writes pretty, and has a mark of its own.
struct Pretty;

impl Codec for Pretty {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        serde_json::to_writer_pretty(to.start(), &Serializable(state)).map_err(EncodeError::new)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        let Deserializable(state) =
            serde_json::from_slice(from.bytes()).map_err(DecodeError::new)?;
        Ok(state)
    }
}

// Fails when JSON is written or read beside the codec.
#[tokio::test]
async fn rule_21_a_codec_of_the_users_own() {
    let site = site::<Newer, _>(|b| b.codec(Pretty));
    let mut visitor = site.visitor();
    type Handle = TypedSession<Newer>;
    let change = async |mut s: Handle| {
        s.views += 1;
        s.set_user(Some("ann".to_owned()));
    };
    visitor.sends(change).await;
    assert!(Sealed::read(&visitor.cookie).rest.contains("\n  \"views\": 1"));
    let same = async |mut s: Handle| {
        s.views += 1;
        s.views -= 1;
        assert_eq!(s.user.as_deref(), Some("ann"));
    };
    assert!(visitor.sends(same).await.is_silent(), "it is compared through the codec");
    let bob = async |mut s: Handle| s.set_user(Some("bob".to_owned()));
    visitor.sends(bob).await;
    assert_eq!(visitor.state().views, 0, "another user");
    let grow = async |mut s: Handle| s.added = vec!["x".repeat(4000)];
    assert_eq!(visitor.sends(grow).await.status, 500);
    assert!(site.events.take().contains(&"too_large(added)".to_owned()));
}

// Fails when KEEPS_UNKNOWN is not what the codec does.
#[tokio::test]
async fn rule_21_codecs_say_whether_they_keep_unknown_members() {
    const { assert!(<session::Json as Codec>::KEEPS_UNKNOWN) };
    const { assert!(!<Pretty as Codec>::KEEPS_UNKNOWN) };
}

mod seconds {
    use super::*;

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        time.as_secs().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[derive(Session)]
#[session(schema = "Wire")]
struct Wire {
    #[session(rename = "v")]
    views: u64,
    #[session(with = seconds)]
    waited: Duration,
    r#type: Option<u8>,
}

// Fails when a key or an encoding is another on the wire.
#[tokio::test]
async fn rule_21_rename_and_with_hold_on_the_wire() {
    let site = site::<Wire, _>(|b| b);
    let wire = || Wire { views: 5, waited: Duration::from_secs(90), r#type: Some(1) };
    let mut visitor = site.visitor_with(wire());
    assert_eq!(visitor.sealed().rest, r#"{"v":5,"waited":90,"type":1}"#);
    let sub_second = async |mut s: TypedSession<Wire>| s.waited += Duration::from_secs(1);
    assert!(visitor.sends(sub_second).await.seals());
    assert_eq!(visitor.state().waited, Duration::from_secs(91));
}

// Fails when an alias is written, or loses against an unknown member of that name.
#[tokio::test]
async fn rule_21_an_alias_is_read_and_the_name_is_written() {
    #[derive(Session)]
    #[session(schema = "Wire")]
    struct Renamed {
        #[session(alias = "v", alias = "views")]
        count: u64,
    }
    let (old, new) = (site::<Wire, _>(|b| b), site::<Renamed, _>(|b| b));
    let mut visitor = new.visitor();
    visitor.cookie = old.cookie(Wire { views: 5, waited: Duration::ZERO, r#type: None });
    assert_eq!(visitor.state().count, 5);
    visitor.sends(async |mut s: TypedSession<Renamed>| s.count += 1).await;
    assert_eq!(visitor.sealed().rest, r#"{"count":6,"waited":0,"type":null}"#);
}

#[derive(Session)]
#[session(schema = "Moved", version = 2, migrate = migrate)]
struct Second {
    full_name: String,
    kept: u8,
}

#[derive(Session)]
#[session(schema = "Moved")]
struct First {
    first: String,
    last: String,
    kept: u8,
}

fn migrate(
    from: u32,
    members: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<(), String> {
    let mut take = |name| match members.remove(name) {
        Some(serde_json::Value::String(text)) => Ok(text),
        _ => Err(format!("no `{name}` in version {from}")),
    };
    let full_name = format!("{} {}", take("first")?, take("last")?);
    members.insert("full_name".to_owned(), full_name.into());
    Ok(())
}

// Fails when the version is not sealed, or the migration counts as a change or runs twice.
#[tokio::test]
async fn rule_4_an_older_version_is_migrated_when_it_is_read() {
    let (first, second) = (site::<First, _>(|b| b), site::<Second, _>(|b| b));
    let cookie = first.cookie(First { first: "Ann".into(), last: "Lee".into(), kept: 3 });
    let mut visitor = second.visitor();
    visitor.cookie = cookie;
    type Handle = TypedSession<Second>;
    let read = async |s: Handle| format!("{} {}", s.full_name, s.kept);
    let reply = visitor.sends(read).await;
    assert_eq!(reply.body, "Ann Lee 3");
    assert!(reply.is_silent(), "reading is no change");
    visitor.sends(async |mut s: Handle| s.kept += 1).await;
    assert_eq!(visitor.sealed().rest, r#"{"full_name":"Ann Lee","kept":4}"#);
    assert_eq!(visitor.sends(read).await.body, "Ann Lee 4");
}
