//! Base64 as Node reads and writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// As `Buffer.from(text, 'base64')`: up to the first `=`, either alphabet, junk skipped, what is left
/// over ignored.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0);
    for character in text.iter().take_while(|&&character| character != b'=') {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            // The upper bits were given out before.
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// As `buffer.toString('base64')`.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_node_reads() {
        for (text, bytes) in [
            ("aGVsbG8=", "hello"),
            ("aGVsbG8", "hello"),
            ("aGV sbG8%", "hello"),
            ("aGVsbG8=ignored", "hello"),
            ("=aGVsbG8", ""),
            ("aGVsbG9", "hello"),
            ("aGVsbG8a", "hello\u{1a}"),
            ("a", ""),
            ("", ""),
        ] {
            assert_eq!(decode(text.as_bytes()), bytes.as_bytes(), "{text}");
        }
        assert_eq!(decode(b"-_+/"), [0xfb, 0xff, 0xbf]);
        assert_eq!(encode(b"\xfb\xff\xbf\x00"), "+/+/AA==");
    }
}
