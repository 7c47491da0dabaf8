//! What opens, and what does not.

use super::*;
use std::collections::HashSet;

const ROW: [u8; 32] = [9; 32];

fn ring(keys: &[u8]) -> Encrypted {
    let keys = Keys::new(keys.iter().map(|&key| [key; 32])).unwrap();
    Encrypted::new(&keys, &["rows", "XChaCha20-Poly1305", ""])
}

fn sealed(by: &Encrypted, text: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    by.seal(&ROW, text, &mut sealed).unwrap();
    sealed
}

// Another program made it, of Node's HKDF and ChaCha20-Poly1305 and an HChaCha20 of its own.
#[test]
fn a_known_answer() {
    let nonce = std::array::from_fn(|n| u8::try_from(n).unwrap());
    let mut text = Vec::new();
    ring(&[7]).seal_with(nonce, &ROW, b"a plain row", &mut text);
    let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, KNOWN);
    let document = include_str!("../../../../docs/wire-format.md");
    assert!(document.split_whitespace().collect::<String>().contains(KNOWN), "the docs' own");
    assert_eq!(text.len(), Encrypted::OVERHEAD + b"a plain row".len());
    assert_eq!(ring(&[7]).open(&ROW, &text), Ok(b"a plain row".to_vec()));
}

const KNOWN: &str = "b0e8f5ecc5627132000102030405060708090a0b0c0d0e0f1011121314151617065e411e055a13c7526e30d5a2f48a0cd15172b8e87edae4989a7f";

// Fails when a bit of a row, or what it is bound to, is not authenticated.
#[test]
fn security_63_what_was_changed_cut_or_moved_does_not_open() {
    let ring = ring(&[7]);
    let text = sealed(&ring, b"{\"user\":7}");
    assert_eq!(ring.open(&ROW, &text), Ok(b"{\"user\":7}".to_vec()));
    for bit in 0..text.len() * 8 {
        let mut other = text.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit < ID * 8 { Refused::Unknown } else { Refused::Forged };
        assert_eq!(ring.open(&ROW, &other), Err(expected), "bit {bit}");
    }
    for len in 0..text.len() {
        assert_eq!(ring.open(&ROW, &text[..len]), Err(Refused::Forged), "{len} bytes");
    }
    let longer = [text.as_slice(), &[0]].concat();
    assert_eq!(ring.open(&ROW, &longer), Err(Refused::Forged));
    for other in [[8; 32].as_slice(), &ROW[1..], &[]] {
        assert_eq!(ring.open(other, &text), Err(Refused::Forged), "{other:?}");
    }
}

// Fails when a nonce is used twice.
#[test]
fn security_63_no_two_texts_are_the_same() {
    let ring = ring(&[7]);
    let nonce = |_| sealed(&ring, b"the same")[ID..][..NONCE].to_vec();
    let texts: HashSet<_> = (0..1000).map(nonce).collect();
    assert_eq!(texts.len(), 1000);
}

// Fails when another key than the first encrypts, one of the others does not decrypt, or one that is
// not in the ring does; or when keys for one purpose serve another.
#[test]
fn rule_17_the_first_key_encrypts_and_all_decrypt() {
    let [old, both, turned, new] = [ring(&[7]), ring(&[7, 8]), ring(&[8, 7]), ring(&[8])];
    let by = [&old, &both, &turned, &new].map(|by| sealed(by, b"text"));
    let opens = |ring: &Encrypted| by.each_ref().map(|text| ring.open(&ROW, text).is_ok());
    assert_eq!(opens(&old), [true, true, false, false]);
    assert_eq!(opens(&both), [true; 4]);
    assert_eq!(opens(&turned), [true; 4]);
    assert_eq!(opens(&new), [false, false, true, true]);
    assert_eq!(new.open(&ROW, &by[0]), Err(Refused::Unknown));
    let keys = Keys::new([[7; 32]]).unwrap();
    let other = Encrypted::new(&keys, &["rows", "XChaCha20-Poly1305", "other"]);
    assert_eq!(other.open(&ROW, &by[0]), Err(Refused::Forged));
}
