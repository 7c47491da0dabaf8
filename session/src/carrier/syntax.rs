//! What may stand in a cookie's name and attributes (RFC 6265bis §4.1.1).

/// Whether a name is a token of RFC 9110.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether text may be an attribute's value: no controls, no `;`, ASCII, and short enough for a
/// browser to heed (RFC 6265bis §5.6: 1024 bytes).
pub(super) fn is_attribute_value(text: &str) -> bool {
    text.len() <= 1024 && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';')
}

/// Whether text is a domain's name, with or without the leading dot that browsers ignore.
pub(super) fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix('.').unwrap_or(text);
    is_attribute_value(name)
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// Whether a browser would treat the name as one with this prefix: it does not heed the case
/// (RFC 6265bis §5.6).
pub(super) fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
