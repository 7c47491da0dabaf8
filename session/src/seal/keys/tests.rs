//! The derivation of sub-keys and key ids.

use super::*;
use std::collections::HashSet;

fn key() -> Key {
    Key::derive(&[7; 32])
}

// Fails when the parts of the info lose their lengths: then ("a", "bc") and ("ab", "c") are one.
#[test]
fn security_10_no_two_purposes_share_a_key() {
    let texts = ["", "a", "b", "ab", "abc", "bc", "c", "\0", "a\0", "\0\0\0\x01a", "signed"];
    let (key, mut seen, mut purposes) = (key(), HashSet::new(), 0);
    let mut derive = |purpose: &[&str]| {
        purposes += 1;
        assert!(seen.insert(key.sub_key(purpose)), "{purpose:?}");
    };
    derive(&[]);
    for one in texts {
        derive(&[one]);
        for two in texts {
            derive(&[one, two]);
            for three in texts {
                derive(&[one, two, three]);
            }
        }
    }
    assert_eq!(purposes, 1 + 11 + 11 * 11 + 11 * 11 * 11);
}

// Fails when a key is used as it is, or when ids and sub-keys come from one label.
#[test]
fn security_11_every_purpose_has_its_own_key() {
    let key = key();
    let tag = key.sub_key(&["signed", "__Host-session", "Visit"]);
    assert_ne!(tag, [7; 32]);
    assert_ne!(tag[..8], key.id);
    assert_eq!(key.sub_key(&["key id"])[..8], key.id, "the id is 8 bytes of its own sub-key");
}

// Fails when the derivation changes: every cookie that is out there would be refused. The bytes
// were computed by another implementation of RFC 5869.
#[test]
fn rule_16_the_derivation_is_frozen() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let key = key();
    assert_eq!(hex(&key.id), "b0e8f5ecc5627132");
    assert_eq!(
        hex(&key.sub_key(&["signed", "__Host-session", "Visit"])),
        "f9f09a3e0f0e2b4e353c58616a59f2363dbe3fb32d32deef23e38ffa4648767b"
    );
}

// Fails when a key longer than a block of the hash, or one byte of it, is cut off.
#[test]
fn security_11_every_byte_of_a_key_counts() {
    for len in [32, 63, 64, 65, 200] {
        let ids: HashSet<[u8; 8]> = (0..len)
            .map(|at| {
                let mut key = vec![7; len];
                key[at] ^= 1;
                Key::derive(&key).id
            })
            .chain([Key::derive(&vec![7; len]).id])
            .collect();
        assert_eq!(ids.len(), len + 1);
    }
}
