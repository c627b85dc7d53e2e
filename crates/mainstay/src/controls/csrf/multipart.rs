//! The first part of a multipart form, if it is a small field: read without a parser of the whole.

use super::FIELD;

/// The longest delimiter that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;

/// What the beginning of a body says of its first part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First {
    /// It is the token's field, with this content.
    Field(String),
    /// It is something else, or nothing that can be read.
    Other,
    /// More is needed to tell.
    Incomplete,
}

/// The delimiter that a content type names, if it is `multipart/form-data`.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next()?;
    let mut boundaries = parts
        .filter_map(|part| part.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"'));
    let boundary = boundaries.next().filter(|value| (1..=MAX_BOUNDARY).contains(&value.len()))?;
    let is_alone = boundaries.next().is_none();
    (essence.eq_ignore_ascii_case("multipart/form-data") && is_alone).then(|| boundary.to_owned())
}

/// Reads the first part from the beginning of a body.
///
/// | the beginning | verdict |
/// |---|---|
/// | ends before the part does | incomplete |
/// | does not begin with the delimiter (a preamble) | other |
/// | part with another name, with a file name, without a name | other |
/// | part named `csrf_token` | its content |
pub(super) fn first_part(boundary: &str, start: &[u8]) -> First {
    let opening = format!("--{boundary}\r\n");
    let Some(rest) = start.strip_prefix(opening.as_bytes()) else {
        let may_become = opening.as_bytes().starts_with(start);
        return if may_become { First::Incomplete } else { First::Other };
    };
    let Some((head, rest)) = split(rest, b"\r\n\r\n") else { return First::Incomplete };
    if !is_token_field(head) {
        return First::Other;
    }
    let closing = format!("\r\n--{boundary}");
    let Some((value, _)) = split(rest, closing.as_bytes()) else { return First::Incomplete };
    std::str::from_utf8(value).map_or(First::Other, |value| First::Field(value.to_owned()))
}

/// Whether the head of a part says that it is the field, and not a file of that name.
fn is_token_field(head: &[u8]) -> bool {
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let mut dispositions = head
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value);
    let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else { return false };
    let mut parts = disposition.split(';').map(str::trim);
    let is_form = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("form-data"));
    let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let [(name, value)] = parameters.as_slice() else { return false };
    is_form && name.eq_ignore_ascii_case("name") && value.trim_matches('"') == FIELD
}

/// What stands before and behind the first occurrence of a separator.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries() {
        let rows = [
            ("multipart/form-data; boundary=x", Some("x")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=x; boundary=y", None),
            ("multipart/mixed; boundary=x", None),
            ("text/plain; boundary=x", None),
        ];
        for (content_type, expected) in rows {
            assert_eq!(boundary(content_type).as_deref(), expected, "{content_type}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }

    #[test]
    fn first_parts() {
        let part = |head: &str, value: &str| format!("--x\r\n{head}\r\n\r\n{value}\r\n--x--\r\n");
        let named = "Content-Disposition: form-data; name=\"csrf_token\"";
        let field = |value: &str| First::Field(value.to_owned());
        let rows = [
            (part(named, "abc"), field("abc")),
            (part(&format!("content-type: text/plain\r\n{named}"), "abc"), field("abc")),
            (part("CONTENT-DISPOSITION:form-data;name=csrf_token", ""), field("")),
            (part(named, "a\r\n-x"), field("a\r\n-x")),
            (part(&format!("{named}; filename=\"a\""), "abc"), First::Other),
            (part(&format!("{named}\r\n{named}"), "abc"), First::Other),
            (part("Content-Disposition: form-data; name=\"file\"", "abc"), First::Other),
            (part("Content-Disposition: attachment; name=\"csrf_token\"", "abc"), First::Other),
            (part("Content-Type: text/plain", "abc"), First::Other),
            ("--y\r\n".to_owned(), First::Other),
            ("preamble\r\n--x\r\n".to_owned(), First::Other),
            ("--x--\r\n".to_owned(), First::Other),
            (String::new(), First::Incomplete),
            ("--x".to_owned(), First::Incomplete),
        ];
        for (text, expected) in rows {
            assert_eq!(first_part("x", text.as_bytes()), expected, "{text:?}");
        }
        let whole = part(named, "abc");
        let needed = whole.len() - "--\r\n".len();
        for length in 0..needed {
            assert_eq!(first_part("x", &whole.as_bytes()[..length]), First::Incomplete, "{length} bytes");
        }
        assert_eq!(first_part("x", &whole.as_bytes()[..needed]), field("abc"));
    }
}
