//! Tokens that were tampered with, each through a real request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session::{Session, TypedSession};
use session_tests::{Site, site};

#[derive(Session)]
struct Visit {
    views: u64,
    user: Option<String>,
}

fn root() -> Visit {
    Visit { views: 7, user: Some("root".to_owned()) }
}

/// A request with this token gives a blank session, and never a 5xx.
async fn refused(site: &Site<Visit>, token: &str, what: &str) {
    let look = async |s: TypedSession<Visit>| format!("{} {} {:?}", s.is_new(), s.views, s.user);
    let reply = site.run(&format!("__Host-session={token}"), look).await;
    assert_eq!(reply.status, 200, "{what}");
    assert_eq!(reply.body, "true 0 None", "{what}");
    assert!(!reply.seals(), "{what}");
}

fn token(site: &Site<Visit>) -> String {
    site.cookie(root()).split_once('=').expect("a pair").1.to_owned()
}

// Fails when `Signed::open` does not verify, or verifies less than the whole token.
#[tokio::test]
async fn security_15_every_single_bit_flip_is_refused() {
    let site = site::<Visit, _>(|b| b);
    let text = token(&site);
    assert!(site.lives(&format!("__Host-session={text}")), "unchanged, it is accepted");
    let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64url");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&site, &URL_SAFE_NO_PAD.encode(flipped), &format!("bit {bit}")).await;
    }
}

// Fails when the text is not canonical: when trailing bits, padding or another alphabet pass.
#[tokio::test]
async fn security_2_every_flip_of_a_character_is_refused() {
    let site = site::<Visit, _>(|b| b);
    let text = token(&site);
    for at in 0..text.len() {
        for other in ["A", "B", "-", "_", "+", "/", "=", "%", "\"", " ", "."] {
            if &text[at..=at] == other {
                continue;
            }
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            refused(&site, &changed, &format!("{other:?} at {at}")).await;
        }
    }
    // A space at either end of a pair is no part of it.
    for padded in [format!("{text}="), format!("{text}=="), format!("={text}")] {
        refused(&site, &padded, "padding").await;
    }
}

// Fails when a shorter token is read beyond its end, or passes.
#[tokio::test]
async fn security_15_every_truncation_and_extension_is_refused() {
    let site = site::<Visit, _>(|b| b);
    let text = token(&site);
    for end in 0..text.len() {
        refused(&site, &text[..end], &format!("cut at {end}")).await;
        refused(&site, &text[text.len() - end..], &format!("begun at {end}")).await;
    }
    for more in ["A", "AA", "AAA", "AAAA", "AAAAAAAA", &text] {
        refused(&site, &format!("{text}{more}"), "extended").await;
        refused(&site, &format!("{more}{text}"), "extended at the front").await;
    }
    let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64url");
    let message = bytes.len() - 32;
    for tag in [&[][..], &[0; 32], &[255; 32], &bytes[message..message + 16]] {
        let changed = [&bytes[..message], tag].concat();
        refused(&site, &URL_SAFE_NO_PAD.encode(changed), "another tag").await;
    }
}

// Fails when the tag of one message verifies another.
#[tokio::test]
async fn security_15_parts_of_two_tokens_do_not_mix() {
    let site = site::<Visit, _>(|b| b);
    let decode = |views| {
        let cookie = site.cookie(Visit { views, user: None });
        URL_SAFE_NO_PAD.decode(cookie.split_once('=').expect("a pair").1).expect("base64url")
    };
    let (one, two) = (decode(1), decode(2));
    for cut in [9, 10, 34, 38, one.len() - 33, one.len() - 32, one.len() - 1] {
        let mixed = [&one[..cut], &two[cut..]].concat();
        if mixed != one && mixed != two {
            refused(&site, &URL_SAFE_NO_PAD.encode(mixed), &format!("mixed at {cut}")).await;
        }
    }
}

// Fails when failures can be told apart from outside.
#[tokio::test]
async fn security_17_all_failures_look_alike() {
    let site = site::<Visit, _>(|b| b);
    let text = token(&site);
    let mut last = text.clone();
    last.replace_range(
        text.len() - 2..text.len() - 1,
        if text.as_bytes()[text.len() - 2] == b'A' { "B" } else { "A" },
    );
    let mut answers = Vec::new();
    for bad in ["", "x", "!!", &text[1..], &text[..text.len() - 4], &last] {
        let cookie = format!("__Host-session={bad}");
        let reply = site.run(&cookie, async |_: TypedSession<Visit>| "same").await;
        answers.push((reply.status, format!("{:?}", reply.headers), reply.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}
