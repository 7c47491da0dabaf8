//! Finding our cookies in the request, by exact bytes (RFC 6265bis §5.8.3 as browsers send it).

use http::HeaderMap;
use http::header::COOKIE;

/// Calls `each` with the value of every cookie of this name. Several Cookie headers, as HTTP/2 may
/// send them, are one. Nothing is decoded or unquoted, and only spaces and tabs are trimmed:
/// what a browser's prefix rules protected must not come in by another spelling.
pub(crate) fn each_cookie<'r>(headers: &'r HeaderMap, name: &str, each: &mut dyn FnMut(&'r [u8])) {
    for header in headers.get_all(COOKIE) {
        let mut rest = header.as_bytes();
        loop {
            let end = memchr::memchr(b';', rest);
            let pair = end.map_or(rest, |end| &rest[..end]);
            if let Some(value) = value_of(trim(pair), name) {
                each(value);
            }
            match end {
                Some(end) => rest = &rest[end + 1..],
                None => break,
            }
        }
    }
}

fn value_of<'r>(pair: &'r [u8], name: &str) -> Option<&'r [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

fn trim(mut pair: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = pair {
        pair = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = pair {
        pair = rest;
    }
    pair
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn found(headers: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(COOKIE, HeaderValue::from_bytes(header).expect("a header value"));
        }
        let mut found = Vec::new();
        each_cookie(&map, "__Host-session", &mut |value| found.push(value.to_vec()));
        found
    }

    #[test]
    fn rule_18_every_cookie_of_the_name_is_found_wherever_it_stands() {
        assert_eq!(found(&[b"__Host-session=a"]), [b"a"]);
        assert_eq!(found(&[b"x=1; __Host-session=a;\t__Host-session=b ; y=2"]), [b"a", b"b"]);
        assert_eq!(found(&[b"x=1", b"__Host-session=a"]), [b"a"]);
        assert_eq!(found(&[b"__Host-session=a=b"]), [b"a=b"]);
        assert_eq!(found(&[b"__Host-session="]), [b""]);
    }

    #[test]
    fn security_44_names_are_matched_by_exact_bytes() {
        let none: [&[u8]; 8] = [
            b"__host-session=a",
            b"%5F%5FHost-session=a",
            b"\x85__Host-session=a",
            "\u{2000}__Host-session=a".as_bytes(),
            b"$Version=1,__Host-session=a",
            b"__Host-session2=a",
            b"__Host-session =a",
            b"__Host-session",
        ];
        for header in none {
            assert_eq!(found(&[header]), Vec::<Vec<u8>>::new(), "{header:?}");
        }
    }
}
