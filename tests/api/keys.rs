//! `Keys`: every way to write them, and every way to get them wrong.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use session::testing::ManualClock;
use session::{Keys, KeysError, SessionLayer, testing};
use session_tests::at_once;
use std::error::Error;
use std::process::Command;

use crate::support::Visit;

const EXAMPLE: &str = "ZG9jdW1lbnRhdGlvbiBleGFtcGxlOiBub3QgYSBrZXk=";

/// Shows the two alphabets' difference, and needs padding.
fn key() -> Vec<u8> {
    let mut key = vec![0xfb; 34];
    key[1] = 0xff;
    key
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two rings are the same when they make the same token.
fn token(keys: Keys) -> String {
    let sessions = SessionLayer::<Visit>::signed(keys)
        .clock(ManualClock::default())
        .build()
        .expect("good options");
    let state = Visit { views: 1, note: None, colour: String::new(), scratch: 0, size: 0 };
    let headers = at_once(testing::headers(&sessions, state)).expect("encodable");
    headers[http::header::COOKIE].to_str().expect("ASCII").to_owned()
}

// Fails when one of the forms is no longer read, or read as other bytes.
#[test]
fn rule_17_keys_are_read_from_every_form() {
    let expected = token(Keys::new([key()]).expect("a good key"));
    let forms = [
        STANDARD.encode(key()),
        STANDARD_NO_PAD.encode(key()),
        URL_SAFE.encode(key()),
        URL_SAFE_NO_PAD.encode(key()),
        hex(&key()),
        hex(&key()).to_uppercase(),
        format!("  {}\n", STANDARD.encode(key())),
    ];
    for form in forms {
        assert_eq!(token(Keys::parse(&form).expect(&form)), expected, "{form}");
    }
}

// Fails when the order of the list is lost (CVE-2025-47278), or space around a comma is a mistake.
#[test]
fn rule_17_security_13_the_first_of_the_list_signs() {
    let (a, b) = (vec![1; 32], vec![2; 40]);
    let list = format!(" {} ,\t{}\n", STANDARD.encode(&a), hex(&b));
    let parsed = token(Keys::parse(&list).expect("two good keys"));
    assert_eq!(parsed, token(Keys::new([&a]).expect("a good key")));
    assert_ne!(parsed, token(Keys::new([&b]).expect("a good key")));
    assert_eq!(parsed, token(Keys::new([a, b]).expect("two good keys")));
}

fn refused(text: &str) -> String {
    let error = Keys::parse(text).expect_err(text);
    // The variant and its numbers; a key's text is in neither form.
    for part in text.split(',').map(str::trim).filter(|part| part.len() > 8) {
        assert!(!format!("{error:?} {error}").contains(part), "{error:?} shows the key");
    }
    format!("{error:?}")
}

// Fails when a bad key is taken, or reported as something else, or in another place of the list.
#[test]
fn rule_17_security_11_bad_keys_are_refused() {
    let good = STANDARD.encode([1; 32]);
    let of = |len: usize| STANDARD.encode(vec![3; len]);
    let table = [
        (String::new(), "None"),
        (" \n".to_owned(), "None"),
        (of(31), "TooShort { position: 1, bytes: 31 }"),
        (format!("{good},{}", of(16)), "TooShort { position: 2, bytes: 16 }"),
        (hex(&[3; 16]), "TooShort { position: 1, bytes: 24 }"),
        (STANDARD.encode([0; 32]), "Zero { position: 1 }"),
        (hex(&[0; 64]), "Zero { position: 1 }"),
        (format!("{good},{}", STANDARD.encode([0; 40])), "Zero { position: 2 }"),
        (format!("{good},{good}"), "Doubled { position: 2, first: 1 }"),
        (format!("{good},{},{}", of(32), hex(&[1; 32])), "Doubled { position: 3, first: 1 }"),
        (EXAMPLE.to_owned(), "Example { position: 1 }"),
        (format!("{good},{}", EXAMPLE.trim_end_matches('=')), "Example { position: 2 }"),
        ("not a key at all, is it".to_owned(), "Encoding { position: 1 }"),
        (format!("{good},"), "TooShort { position: 2, bytes: 0 }"),
        (format!("{good},,{good}"), "TooShort { position: 2, bytes: 0 }"),
        (format!("{good};{good}"), "Encoding { position: 1 }"),
        (format!("\"{good}\""), "Encoding { position: 1 }"),
        (format!("{}é", of(32)), "Encoding { position: 1 }"),
        // One letter over: neither form.
        (format!("{}a=", of(33)), "Encoding { position: 1 }"),
    ];
    for (text, expected) in table {
        assert_eq!(refused(&text), expected, "{text:?}");
    }
}

// Fails when `new` is laxer than `parse`.
#[test]
fn rule_17_raw_keys_are_checked_as_text_is() {
    let none: [&[u8]; 0] = [];
    assert!(matches!(Keys::new(none), Err(KeysError::None)));
    assert!(matches!(Keys::new([[9; 31]]), Err(KeysError::TooShort { position: 1, bytes: 31 })));
    assert!(matches!(Keys::new([[9; 32], [0; 32]]), Err(KeysError::Zero { position: 2 })));
    assert!(matches!(
        Keys::new([[9; 32], [8; 32], [8; 32]]),
        Err(KeysError::Doubled { position: 3, first: 2 })
    ));
    let example = STANDARD.decode(EXAMPLE).expect("base64");
    assert!(matches!(Keys::new([example]), Err(KeysError::Example { position: 1 })));
    assert!(Keys::new([[9; 32]]).is_ok());
    assert!(Keys::new([vec![9; 10_000]]).is_ok());
}

// Fails when an error no longer says what to do.
#[test]
fn rule_17_errors_say_the_mend() {
    let make = "make one with `openssl rand -base64 32`";
    let table = [
        (KeysError::Variable { name: "SESSION_KEYS".to_owned() }, vec!["`SESSION_KEYS`", make]),
        (KeysError::None, vec!["empty", make]),
        (KeysError::Encoding { position: 2 }, vec!["session key 2", "base64", make]),
        (KeysError::TooShort { position: 3, bytes: 16 }, vec!["3", "16 bytes", "32", make]),
        (KeysError::Zero { position: 4 }, vec!["session key 4", "zero", make]),
        (KeysError::Doubled { position: 5, first: 2 }, vec!["2 and 5", "the same", "remove one"]),
        (KeysError::Example { position: 6 }, vec!["session key 6", "documentation", make]),
    ];
    for (error, parts) in table {
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "{text:?} does not say {part:?}");
        }
        assert!(error.source().is_none());
    }
}

// Fails when the ring or a random key can't be made, or two random keys are the same.
#[test]
fn random_keys_differ() {
    let random = || token(Keys::random().expect("random bytes"));
    assert_ne!(random(), random());
}

/// Runs the test below with the variable set: this process's own environment stays as it is.
fn in_a_child(value: Option<&std::ffi::OsStr>) -> String {
    let mut child = Command::new(std::env::current_exe().expect("this test's binary"));
    child.args(["--exact", "keys::rule_17_from_env_says_what_is_there", "--nocapture"]);
    child.env_remove("API_TEST_KEYS");
    if let Some(value) = value {
        child.env("API_TEST_KEYS", value);
    }
    let output = child.output().expect("it runs");
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, said) = output.split_once("<<").expect("what the child says");
    said.split_once(">>").expect("the end of it").0.to_owned()
}

/// Says what is in this process's environment: nothing, unless the next test runs it.
#[test]
fn rule_17_from_env_says_what_is_there() {
    let keys = Keys::from_env("API_TEST_KEYS");
    assert!(keys.is_err() || std::env::var_os("API_TEST_KEYS").is_some());
    match keys {
        Ok(keys) => println!("<<{}>>", token(keys)),
        Err(error) => println!("<<{error:?}>>"),
    }
}

// Fails when the variable is read otherwise than `parse` reads text, or its absence is no error.
#[test]
fn rule_17_from_env_reads_the_variable() {
    let list = format!("{},{}", STANDARD.encode([1; 32]), hex(&[2; 32]));
    let expected = token(Keys::parse(&list).expect("two good keys"));
    assert_eq!(in_a_child(Some(list.as_ref())), expected);
    assert_eq!(in_a_child(None), r#"Variable { name: "API_TEST_KEYS" }"#);
    assert_eq!(in_a_child(Some("".as_ref())), "None");
    assert_eq!(in_a_child(Some("c2hvcnQ=".as_ref())), "TooShort { position: 1, bytes: 5 }");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let no_text = std::ffi::OsStr::from_bytes(b"\xff\xfe");
        assert_eq!(in_a_child(Some(no_text)), r#"Variable { name: "API_TEST_KEYS" }"#);
    }
}
