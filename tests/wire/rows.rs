//! Rows of stores: written as `docs/wire-format.md` says, and read from a row of the first release.

use http::HeaderMap;
use session::store::{Lease, Record, RowKey, Store};
use session::testing::ManualClock;
use session::{Millis, Session, SessionLayer, days};
use session_tests::{Shelf, at_once};
use sha2::{Digest, Sha256};

#[derive(Session)]
struct Visit {
    views: u64,
    user: Option<String>,
    #[session(ttl = "15m")]
    sudo: Option<u32>,
}

/// 1 700 000 000 000, as everywhere in the vectors.
const NOW: u64 = 1_700_000_000_000;

fn layer(shelf: &Shelf) -> SessionLayer<Visit> {
    let layer = SessionLayer::<Visit>::stored(shelf.clone()).clock(ManualClock::default());
    layer.max_age(days(1)).build().expect("good options")
}

fn cookie(token: &str) -> HeaderMap {
    let value = format!("__Host-session={token}").parse().expect("a header");
    HeaderMap::from_iter([(http::header::COOKIE, value)])
}

/// From the page alone: `digest(purpose, schema, value)`.
fn digest(purpose: &str, schema: &str, value: &[u8]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in ["session: stored sessions, 1", purpose, schema] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes.extend_from_slice(value);
    Sha256::digest(bytes).into()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let text = |pair: &[u8]| String::from_utf8(pair.to_vec()).expect("ASCII");
    hex.chunks(2).map(|pair| u8::from_str_radix(&text(pair), 16).expect("hex")).collect()
}

// Fails when a row, its key or its digest are not what the page says.
#[test]
fn rule_16_a_row_is_written_as_the_page_says() {
    let shelf = Shelf::default();
    let layer = layer(&shelf);
    let mut session = at_once(layer.open(&HeaderMap::new())).expect("a blank session");
    session.views = 3;
    session.set_sudo(Some(9));
    let mut headers = HeaderMap::new();
    at_once(layer.close(session, &mut headers)).expect("written");
    let line = headers["set-cookie"].to_str().expect("ASCII");
    let token = line.split(['=', ';']).nth(1).expect("a token");
    let id = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).expect("base64url")
    };
    assert_eq!((token.len(), id.len()), (64, 48));
    let (handle, secret) = id.split_at(16);
    let rows = shelf.rows();
    let [(key, record)] = rows.as_slice() else { panic!("one row") };
    assert_eq!(*key.as_bytes(), digest("row", "Visit", handle));

    let value = record.to_bytes();
    let mut expected = vec![0xd1];
    for number in [1, NOW, 86_400_000, NOW + 86_400_000] {
        expected.extend_from_slice(&number.to_be_bytes());
    }
    expected.push(1);
    expected.extend_from_slice(handle);
    expected.extend_from_slice(&digest("secret", "Visit", secret));
    expected.push(4);
    expected.extend_from_slice(&NOW.to_be_bytes()[2..]);
    expected.extend_from_slice(&NOW.to_be_bytes()[2..]);
    expected.extend_from_slice(&[0; 4]);
    let stamp = expected.len()..expected.len() + 8;
    expected.extend_from_slice(&value[stamp]);
    expected.extend_from_slice(b"\x01\x04sudo");
    expected.extend_from_slice(&(NOW + 15 * 60_000).to_be_bytes()[2..]);
    expected.extend_from_slice(br#"{"views":3,"user":null,"sudo":9}"#);
    assert_eq!(value, expected);
}

// Fails when the row of a rotated session is not what the page says: flag `08`, and the digest of the
// secret before, in front of the ends of fields.
#[test]
fn rule_31_the_row_of_a_rotated_session_is_written_as_the_page_says() {
    use base64::Engine;
    let shelf = Shelf::default();
    let layer = layer(&shelf);
    let mut ids = Vec::new();
    let mut cookies = HeaderMap::new();
    for _ in 0..2 {
        let mut session = at_once(layer.open(&cookies)).expect("a session");
        session.set_sudo(Some(9));
        session.rotate();
        let mut headers = HeaderMap::new();
        at_once(layer.close(session, &mut headers)).expect("written");
        let line = headers["set-cookie"].to_str().expect("ASCII");
        let token = line.split(['=', ';']).nth(1).expect("a token");
        cookies = cookie(token);
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        ids.push(engine.decode(token).expect("base64url"));
    }
    let rows = shelf.rows();
    let [(_, record)] = rows.as_slice() else { panic!("one row") };
    let body = &record.body;
    assert_eq!(body[17..49], digest("secret", "Visit", &ids[1][16..]));
    assert_eq!(body[49], 0b1100);
    assert_eq!(body[74..106], digest("secret", "Visit", &ids[0][16..]));
    assert_eq!(&body[106..112], b"\x01\x04sudo");
    assert_eq!(&body[118..], br#"{"views":0,"user":null,"sudo":9}"#);
}

/// The id of the frozen row: the bytes 00 to 2f.
fn frozen_id() -> Vec<u8> {
    (0..48).collect()
}

/// The frozen row, and its key.
const FROZEN_KEY: &str = "d908978f26ee11b9ce4d27da5494c7a764d06f3170b03614aa8c805cf45218f8";
const FROZEN_ROW: &str = "\
    d100000000000000010000018bcfe568000000000005265c000000018bd50bc40001000102030405 \
    060708090a0b0c0d0e0fdf1365cd41610a99f32c15d360479860910698f63a91415c08527e63b5bd \
    377904018bcfe56800018bcfe56800000000000123456789abcdef01047375646f018bcff323a07b \
    227669657773223a332c2275736572223a22616e6e222c227375646f223a397d";

// Fails when a row that the first release wrote is not read any more.
#[test]
fn rule_16_a_frozen_row_is_read() {
    let id = frozen_id();
    let key = RowKey::parse_hex(FROZEN_KEY.as_bytes()).expect("64 digits");
    assert_eq!(*key.as_bytes(), digest("row", "Visit", &id[..16]));
    let record = Record::from_bytes(bytes_of(FROZEN_ROW)).expect("a record");
    let shelf = Shelf::default();
    let lease = Lease { now: Millis::from_ms(NOW), keep: days(1), may_shorten: false };
    at_once(shelf.create(&key, &record, lease)).expect("the shelf is fine");
    let session = at_once(layer(&shelf).open(&cookie(&base64url(&id)))).expect("a session");
    assert!(!session.is_new());
    assert_eq!((session.views, session.user.as_deref(), session.sudo), (3, Some("ann"), Some(9)));
    assert_eq!(session.id().expect("a handle").to_string(), "000102030405060708090a0b0c0d0e0f");
}

/// The frozen row once it was rotated: its secret was the bytes 10 to 2f and is thirty-two times `40`.
fn frozen_rotated_row() -> Record {
    let mut value = bytes_of(FROZEN_ROW);
    value[33 + 49] |= 8;
    let before: Vec<u8> = value[33 + 17..33 + 49].to_vec();
    value.splice(33 + 74..33 + 74, before);
    value[33 + 17..33 + 49].copy_from_slice(&digest("secret", "Visit", &[0x40; 32]));
    Record::from_bytes(value).expect("a record")
}

// Fails when a row with the digest of the secret before is read otherwise than the page says.
#[test]
fn rule_31_a_row_with_the_secret_before_is_read() {
    let key = RowKey::parse_hex(FROZEN_KEY.as_bytes()).expect("64 digits");
    let shelf = Shelf::default();
    let lease = Lease { now: Millis::from_ms(NOW), keep: days(1), may_shorten: false };
    at_once(shelf.create(&key, &frozen_rotated_row(), lease)).expect("the shelf is fine");
    let layer = layer(&shelf);
    let (old, mut new) = (frozen_id(), frozen_id());
    new[16..].fill(0x40);
    let session = at_once(layer.open(&cookie(&base64url(&new)))).expect("a session");
    assert_eq!((session.views, session.user.as_deref(), session.sudo), (3, Some("ann"), Some(9)));
    // The one before has ended; any other is missing, and its cookie is removed.
    let mut other = old.clone();
    other[47] ^= 1;
    for (id, removed) in [(old, false), (other, true)] {
        let session = at_once(layer.open(&cookie(&base64url(&id)))).expect("a blank session");
        assert!(session.is_new());
        let mut headers = HeaderMap::new();
        at_once(layer.close(session, &mut headers)).expect("nothing to write");
        assert_eq!(headers.contains_key("set-cookie"), removed);
    }
}

// Fails when another secret, or the same id of another type, opens the frozen row.
#[test]
fn rule_16_the_frozen_row_opens_by_its_own_id_alone() {
    let key = RowKey::parse_hex(FROZEN_KEY.as_bytes()).expect("64 digits");
    let record = Record::from_bytes(bytes_of(FROZEN_ROW)).expect("a record");
    let shelf = Shelf::default();
    let lease = Lease { now: Millis::from_ms(NOW), keep: days(1), may_shorten: false };
    at_once(shelf.create(&key, &record, lease)).expect("the shelf is fine");
    let layer = layer(&shelf);
    for bit in 0..48 * 8 {
        let mut id = frozen_id();
        id[bit / 8] ^= 1 << (bit % 8);
        let session = at_once(layer.open(&cookie(&base64url(&id)))).expect("a blank session");
        assert!(session.is_new(), "bit {bit}");
    }
}
