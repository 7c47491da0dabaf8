//! Everything that is not, byte for byte, a token that the library made is refused.

use crate::reference::{Bound, EXPIRIES, FIXED, Parts, TAG, hmac, key_id, raw, text};
use crate::support::*;
use session::{Codec, DecodeError, EncodeError, Json, Payload, SessionData, SessionLayer};
use session_tests::at_once;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// JSON, and a count of the payloads that were decoded.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Codec for Counting {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        Json::default().encode(state, to)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Json::default().decode(from)
    }
}

/// Refuses what it is given, or fails the test.
struct Gate {
    sessions: SessionLayer<Vault>,
    seen: Seen,
    decoded: Counting,
    tried: usize,
}

impl Gate {
    /// A gate, and a token of which every part is there.
    fn new() -> (Self, Vec<u8>) {
        let decoded = Counting::default();
        let (sessions, _, seen) = layer::<Vault>(&[key_a()], |b| b.codec(decoded.clone()));
        let state = Vault { sudo: Some("root".to_owned()), code: Some(7), plain: true };
        let token = token(&sessions, state);
        assert!(!open(&sessions, DEFAULT_NAME, &token).is_new(), "the token itself is good");
        assert_eq!(decoded.0.swap(0, Ordering::Relaxed), 1);
        seen.take();
        (Self { sessions, seen, decoded, tried: 0 }, raw(&token))
    }

    fn refuses(&mut self, token: &[u8], what: impl std::fmt::Debug) {
        self.refuses_text(text(token).as_bytes(), what);
    }

    fn refuses_text(&mut self, token: &[u8], what: impl std::fmt::Debug) {
        self.tried += 1;
        // What no HTTP message can carry is refused before it reaches us.
        let Some(headers) = cookie(DEFAULT_NAME, token) else {
            return;
        };
        let session = at_once(self.sessions.open(&headers)).expect("never a rejection");
        assert!(session.is_new(), "{what:?} is accepted");
        assert!(session.sudo.is_none() && session.code.is_none() && !session.plain, "{what:?}");
        let seen = self.seen.take();
        assert!(seen == ["forged"] || seen == ["unknown key"], "{what:?}: {seen:?}");
    }

    /// Nothing that was refused may have reached the decoder (CVE-2026-39324).
    fn done(self, tried: usize) {
        assert_eq!(self.tried, tried);
        assert_eq!(self.decoded.0.load(Ordering::Relaxed), 0, "decoded before it was verified");
    }
}

// Fails when the verification is removed (`Signed::open` without `.verify(..)`), or leaves out any
// byte of the token (CVE-2026-40372).
#[test]
fn rule_16_security_15_every_single_bit_flip_is_refused() {
    let (mut gate, token) = Gate::new();
    for bit in 0..token.len() * 8 {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        gate.refuses(&flipped, ("bit", bit));
    }
    gate.done(token.len() * 8);
}

// Fails when two texts decode to the same bytes.
#[test]
fn rule_16_security_15_every_single_bit_flip_of_the_text_is_refused() {
    let (mut gate, token) = Gate::new();
    let text = text(&token).into_bytes();
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        gate.refuses_text(&flipped, ("bit", bit));
    }
    gate.done(text.len() * 8);
}

// Fails when a tag of another length is compared over the shorter of the two.
#[test]
fn security_15_every_truncation_is_refused() {
    let (mut gate, token) = Gate::new();
    for len in 0..token.len() {
        gate.refuses(&token[..len], ("first", len));
        gate.refuses(&token[token.len() - len..], ("last", len));
    }
    let text = text(&token).into_bytes();
    for len in 0..text.len() {
        gate.refuses_text(&text[..len], ("first of the text", len));
        gate.refuses_text(&text[text.len() - len..], ("last of the text", len));
    }
    gate.done(2 * token.len() + 2 * text.len());
}

// Fails when bytes in front of, in or behind the token are ignored.
#[test]
fn security_15_21_every_one_byte_extension_is_refused() {
    let (mut gate, token) = Gate::new();
    for byte in 0..=255_u8 {
        gate.refuses(&[token.as_slice(), &[byte]].concat(), ("behind", byte));
        gate.refuses(&[&[byte], token.as_slice()].concat(), ("in front", byte));
    }
    for at in 0..=token.len() {
        for byte in [0, 1, 0x20, 0x7d, 0xff] {
            let mut longer = token.clone();
            longer.insert(at, byte);
            gate.refuses(&longer, ("inserted", byte, at));
        }
    }
    let text = text(&token).into_bytes();
    let mut tried = 512 + 5 * (token.len() + 1);
    for byte in 0..=255_u8 {
        // A space or a tab at the end is the header's, `;` ends the cookie: the token is whole.
        if !b" \t;".contains(&byte) {
            gate.refuses_text(&[text.as_slice(), &[byte]].concat(), ("behind the text", byte));
            tried += 1;
        }
        gate.refuses_text(&[&[byte], text.as_slice()].concat(), ("in front of the text", byte));
        tried += 1;
    }
    gate.done(tried);
}

// Fails when one byte may be left out, or two may change places.
#[test]
fn security_15_every_removed_and_every_exchanged_byte_is_refused() {
    let (mut gate, token) = Gate::new();
    let mut tried = 0;
    for at in 0..token.len() {
        let mut shorter = token.clone();
        shorter.remove(at);
        gate.refuses(&shorter, ("removed", at));
        tried += 1;
        for other in at + 1..token.len() {
            if token[at] != token[other] {
                let mut exchanged = token.clone();
                exchanged.swap(at, other);
                gate.refuses(&exchanged, ("exchanged", at, other));
                tried += 1;
            }
        }
    }
    gate.done(tried);
}

// Fails when the base64 engine takes stray bits, padding, white space, quotes, percent signs or the
// other alphabet.
#[test]
fn security_2_44_every_other_spelling_is_refused() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut lengths = [false; 3];
    // Names of three lengths make tokens of three, so that 0, 2 and 4 bits remain at the end.
    for name in ["a", "bb", "ccc"] {
        let (sessions, _, seen) = layer::<Vault>(&[key_a()], |b| b);
        let state = Vault { sudo: Some(name.to_owned()), ..Vault::initial() };
        let good = token(&sessions, state);
        assert!(!open(&sessions, DEFAULT_NAME, &good).is_new());
        seen.take();
        let gate = &mut Gate { sessions, seen, decoded: Counting::default(), tried: 0 };
        let stray: u8 = match good.len() % 4 {
            0 => 0,
            2 => 4,
            3 => 2,
            _ => panic!("no base64 has this length"),
        };
        lengths[usize::from(stray / 2)] = true;
        let last = good.as_bytes()[good.len() - 1];
        let value = ALPHABET.iter().position(|&c| c == last).expect("of the alphabet");
        for bits in 1..1_usize << stray {
            let mut other = good.clone().into_bytes();
            other[good.len() - 1] = ALPHABET[value | bits];
            gate.refuses_text(&other, ("stray bits", bits));
        }
        for (at, what) in [(good.len(), "="), (good.len(), "=="), (good.len(), "==="), (0, "=")] {
            let mut other = good.clone();
            other.insert_str(at, what);
            gate.refuses_text(other.as_bytes(), ("padding", at, what));
        }
        for space in [" ", "\t", "\u{a0}", "\u{2000}", ".", ","] {
            let mut other = good.clone();
            other.insert_str(good.len() / 2, space);
            gate.refuses_text(other.as_bytes(), ("inside", space));
        }
        gate.refuses_text(format!("\"{good}\"").as_bytes(), "quoted");
        let percent = |c: char| format!("%{:02X}", u32::from(c));
        let encoded: String = good.chars().map(percent).collect();
        gate.refuses_text(encoded.as_bytes(), "percent-encoded");
        let once =
            good.replacen(char::is_alphanumeric, &percent(good.chars().next().expect("one")), 1);
        gate.refuses_text(once.as_bytes(), "one letter percent-encoded");
        let standard = good.replace('-', "+").replace('_', "/");
        assert_ne!(standard, good, "this token shows the two alphabets' difference");
        gate.refuses_text(standard.as_bytes(), "the other alphabet");
        gate.refuses_text(good.to_ascii_lowercase().as_bytes(), "lower case");
        gate.refuses_text(good.to_ascii_uppercase().as_bytes(), "upper case");
    }
    assert_eq!(lengths, [true; 3], "every number of remaining bits was there");
}

// Fails when a tag is not compared in full.
#[test]
fn security_15_no_other_tag_is_accepted() {
    let (mut gate, token) = Gate::new();
    let (message, tag) = token.split_at(token.len() - TAG);
    let key = key_a();
    let tags = [
        vec![],
        vec![0; TAG],
        vec![0xff; TAG],
        vec![0; 1],
        tag[..16].to_vec(),
        tag[..TAG - 1].to_vec(),
        [tag, tag].concat(),
        [&[0; TAG], tag].concat(),
        tag.iter().rev().copied().collect(),
        hmac(&[], message).to_vec(),
        hmac(&[0; 32], message).to_vec(),
        hmac(&key, message).to_vec(),
        // Under the right key, but over something else.
        hmac(&VAULT.sub_key_of(&key), &message[..message.len() - 1]).to_vec(),
        hmac(&VAULT.sub_key_of(&key), &message[FIXED..]).to_vec(),
        hmac(&VAULT.sub_key_of(&key), &[]).to_vec(),
    ];
    let tried = tags.len() + 3;
    for tag in tags {
        gate.refuses(&[message, &tag].concat(), ("tag", tag));
    }
    gate.refuses(tag, "a tag alone");
    gate.refuses(&[&message[..9], tag].concat(), "a key id and a tag");
    // The tag of one token under the content of another.
    let state = Vault { sudo: Some("user".to_owned()), code: Some(7), plain: true };
    let another = raw(&crate::support::token(&gate.sessions, state));
    gate.refuses(&[message, &another[another.len() - TAG..]].concat(), "the tag of another");
    gate.done(tried);
}

struct Vaults;
const VAULT: Vaults = Vaults;

impl Vaults {
    fn bound<'k>(&self, key: &'k [u8]) -> Bound<'k> {
        Bound { key, mode: "signed", cookie: DEFAULT_NAME, schema: "vault" }
    }

    fn sub_key_of(&self, key: &[u8]) -> [u8; 32] {
        self.bound(key).sub_key()
    }
}

// Fails when a count or a length inside the token is trusted (`Envelope::read`): it is checked
// against what remains, even under a good tag.
#[test]
fn security_20_a_broken_layout_under_a_good_tag_is_refused() {
    let (sessions, _, seen) = layer::<Vault>(&[key_a()], |b| b);
    let key = key_a();
    let good = Parts {
        version: 1,
        key_id: key_id(&key),
        flags: 0,
        started: BEGIN,
        rotated: BEGIN,
        renewed: BEGIN,
        idle: 86_400_000,
        payload_version: 3,
        expiries: Vec::new(),
        payload: b"{}".to_vec(),
    };
    let bound = VAULT.bound(&key);
    let outcome = |message: &[u8]| {
        let session = open(&sessions, DEFAULT_NAME, &bound.seal(message));
        (session.is_new(), seen.take())
    };
    assert_eq!(outcome(&good.message()), (false, vec!["loaded"]));
    let forged = (true, vec!["forged"]);
    for flag in 3..8 {
        let reserved = Parts { flags: 1 << flag, ..good.clone() };
        assert_eq!(outcome(&reserved.message()), forged, "reserved flag {flag}");
    }
    for len in 9..FIXED {
        assert_eq!(outcome(&good.message()[..len]), forged, "{len} bytes of the fixed part");
    }
    // Under the flag: one count, then `length, name, end`.
    let with = |tail: &[u8]| {
        let start = Parts { flags: EXPIRIES, payload: Vec::new(), ..good.clone() }.message();
        [&start[..FIXED], tail].concat()
    };
    let broken: [&[u8]; 8] = [
        b"",
        // A second spelling of a token without the flag.
        b"\0{}",
        b"\x01",
        b"\x01\x04sud",
        b"\x01\x04sudo\0\0\0\0\0",
        b"\x02\x04sudo\0\0\0\0\0\0{}",
        b"\xff{}",
        b"\x01\x02\xc3\x28\0\0\0\0\0\0{}",
    ];
    for tail in broken {
        assert_eq!(outcome(&with(tail)), forged, "{tail:?}");
    }
    // This is whole: the type does not have that field.
    assert_eq!(outcome(&with(b"\x01\x04gone\0\0\0\0\0\0{}")), (false, vec!["loaded"]));
    // And an authentic payload that is no state.
    for payload in [&b""[..], b"{", b"[]", b"null", b"{}{}", b"\xff", b"{\"plain\":7}"] {
        let parts = Parts { payload: payload.to_vec(), ..good.clone() };
        assert_eq!(outcome(&parts.message()), (true, vec!["undecodable"]), "{payload:?}");
    }
}

// Fails when a token's own times are not enforced, or a time of the far future overflows.
#[test]
fn security_20_22_extreme_times_are_dead_and_never_panic() {
    let (sessions, clock, seen) = layer::<Vault>(&[key_a()], |b| b);
    let key = key_a();
    let far = (1 << 48) - 1;
    let times = [0, 1, BEGIN - 1, BEGIN, BEGIN + 60_000, BEGIN + 60_001, far - 1, far];
    let mut tried = 0;
    for now in [0, BEGIN, far] {
        clock.set(now);
        for (started, rotated) in times.iter().flat_map(|a| times.map(|b| (*a, b))) {
            for (renewed, idle) in times.iter().flat_map(|a| times.map(|b| (*a, b))) {
                let parts = Parts {
                    version: 1,
                    key_id: key_id(&key),
                    flags: 0,
                    started,
                    rotated,
                    renewed,
                    idle,
                    payload_version: 3,
                    expiries: Vec::new(),
                    payload: b"{}".to_vec(),
                };
                let token = VAULT.bound(&key).seal(&parts.message());
                let session = open(&sessions, DEFAULT_NAME, &token);
                // Sums in 48 bits stop at the largest.
                let plus = |a: u64, b: u64| (a + b).min(far);
                let future = started.max(rotated).max(renewed) > plus(now, 60_000);
                let idle = idle.min(86_400_000);
                let end = plus(renewed, idle).min(plus(started, 30 * 86_400_000));
                let alive = !future && now <= end;
                assert_eq!(!session.is_new(), alive, "at {now}: {parts:?}: {:?}", seen.take());
                seen.take();
                close(&sessions, session);
                seen.take();
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 3 * 8 * 8 * 8 * 8);
}
