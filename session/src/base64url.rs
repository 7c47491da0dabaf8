//! The text form of tokens: base64url without padding (RFC 4648 §5), canonical forms only.

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;
use std::sync::LazyLock;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use portable::Fast;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use simd::Fast;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod simd {
    pub(super) type Fast = base64::engine::Simd;

    pub(super) fn new() -> Fast {
        Fast::url_safe(super::NO_PAD)
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod portable {
    pub(super) type Fast = base64::engine::GeneralPurpose;

    pub(super) fn new() -> Fast {
        Fast::new(&base64::alphabet::URL_SAFE, super::NO_PAD)
    }
}

static ENGINE: LazyLock<Fast> = LazyLock::new(|| {
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    use portable::new;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    use simd::new;
    new()
});

/// The length of the text of `bytes` bytes.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    // Four characters for three bytes, two or three for what remains.
    bytes / 3 * 4 + [0, 2, 3][bytes % 3]
}

/// Appends the text of `bytes`.
pub(crate) fn encode(bytes: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    to.resize(start + encoded_len(bytes.len()), 0);
    let written = ENGINE.encode_slice(bytes, &mut to[start..]);
    debug_assert_eq!(written.ok(), Some(to.len() - start));
}

/// Appends the bytes of `text`, or leaves an unspecified rest behind when it is none of ours.
pub(crate) fn decode(text: &[u8], to: &mut Vec<u8>) -> Option<()> {
    ENGINE.decode_vec(text, to).ok()
}

/// Decodes a text of exactly as many bytes as `to` has.
pub(crate) fn decode_exact(text: &[u8], to: &mut [u8]) -> Option<()> {
    let written = ENGINE.decode_slice(text, to).ok()?;
    (written == to.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_each_bytes() {
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).map(|n| (n * 7 + len) as u8).collect();
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            assert_eq!(text.len(), encoded_len(bytes.len()));
            let mut back = Vec::new();
            decode(&text, &mut back).expect("its own text");
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn security_2_other_spellings_are_refused() {
        // `QQ` is "A"; the others carry stray bits, padding, white space, or the other alphabet.
        for text in ["QR", "QQ==", "QQ=", "Q", " QQ", "QQ\n", "+/+/", "\"QQ\"", "%51Q"] {
            assert_eq!(decode(text.as_bytes(), &mut Vec::new()), None, "{text}");
        }
    }
}
