//! Where a person is sent after signing in: to a page of this service, and nowhere else.
//!
//! ```
//! use mainstay::redirect::LocalPath;
//!
//! assert_eq!(LocalPath::parse("/catalogues/3?page=2").unwrap().as_str(), "/catalogues/3?page=2");
//! assert!(LocalPath::parse("//evil.example/").is_none());
//! assert_eq!(LocalPath::or_root(Some("https://evil.example/")).as_str(), "/");
//! ```

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::SchemaGenerator;

use crate::Answer;
use crate::routes::{DescribeResponse, Operation};

/// The longest target that is followed, in bytes.
const MAX_BYTES: usize = 2048;

/// A path of this service, perhaps with query and fragment, that a browser cannot take for anything else.
///
/// | `next` | verdict |
/// |---|---|
/// | empty, or longer than 2 KiB | no |
/// | does not begin with `/`: another origin, `javascript:`, a relative path | no |
/// | `//` in the path: the beginning of a host | no |
/// | `\` anywhere: browsers read it as `/` | no |
/// | a blank, a control character, anything beyond ASCII: browsers drop or rewrite some | no |
/// | `.` or `..` as a segment, plain or encoded: what is left of them may begin with `//` | no |
/// | an encoded `/`, `\`, `%` or control character in the path: somebody may decode it | no |
/// | `%` without two hexadecimal digits in the path | no |
/// | anything else | yes |
///
/// As an answer it is 303 `See Other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Judges a target by the table above.
    pub fn parse(next: &str) -> Option<Self> {
        let visible = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let path = next.split(['?', '#']).next().unwrap_or_default();
        let safe = visible && next.len() <= MAX_BYTES && is_plain(path);
        safe.then(|| Self(next.to_owned()))
    }

    /// The target where it is safe, and the root of the service where it is not, or where there is none.
    pub fn or_root(next: Option<&str>) -> Self {
        next.and_then(Self::parse).unwrap_or_else(|| Self("/".to_owned()))
    }

    /// The path, with query and fragment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path names one resource, however often it is decoded.
fn is_plain(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let Some(decoded) = decode(segment) else { return false };
        let is_dots = matches!(decoded.as_slice(), b"." | b"..");
        let is_forbidden = |byte: &u8| byte.is_ascii_control() || b"/\\%".contains(byte);
        if is_dots || decoded.iter().any(is_forbidden) || (segment.is_empty() && !is_last) {
            return false;
        }
    }
    true
}

/// Decodes a segment once; `None` where an escape is not one.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let mut escapes = segment.split('%');
    let mut decoded = escapes.next().unwrap_or_default().as_bytes().to_vec();
    for escape in escapes {
        let (digits, rest) = escape.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        decoded.extend_from_slice(rest.as_bytes());
    }
    Some(decoded)
}

impl IntoResponse for LocalPath {
    fn into_response(self) -> Response {
        // Visible ASCII only, so it is a header value.
        let location = HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("/"));
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    }
}

impl DescribeResponse for LocalPath {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::SEE_OTHER));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("/", true),
            ("/a", true),
            ("/a/", true),
            ("/a/b?c=d&e#f", true),
            ("/a?next=https://evil.example//x", true),
            ("/a#//evil.example", true),
            ("/@evil.example", true),
            ("/a:b@c", true),
            ("/...", true),
            ("/caf%C3%A9/100%20g", true),
            ("", false),
            ("a", false),
            ("?a", false),
            ("#a", false),
            ("//", false),
            ("//evil.example", false),
            ("///evil.example", false),
            ("/a//b", false),
            ("/\\evil.example", false),
            ("\\/evil.example", false),
            ("/a?b=\\", false),
            ("/\t/evil.example", false),
            ("/\n/evil.example", false),
            ("\t//evil.example", false),
            (" /a", false),
            ("/a b", false),
            ("/a\0", false),
            ("/a\r\nSet-Cookie: a=b", false),
            ("/\u{7f}/evil.example", false),
            ("/\u{2028}", false),
            ("/\u{ff0f}evil.example", false),
            ("/é", false),
            ("/%2f/evil.example", false),
            ("/%2Fevil.example", false),
            ("/%5cevil.example", false),
            ("/%09/evil.example", false),
            ("/%0d%0aSet-Cookie:a", false),
            ("/%00", false),
            ("/%252fevil.example", false),
            ("/%", false),
            ("/%2", false),
            ("/%zz", false),
            ("/%+1", false),
            ("/.", false),
            ("/..", false),
            ("/.//evil.example", false),
            ("/a/..//evil.example", false),
            ("/a/../b", false),
            ("/%2e%2e/b", false),
            ("/.%2E/b", false),
            ("https://evil.example/", false),
            ("https:evil.example", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("evil.example/", false),
            ("http:///evil.example", false),
        ];
        for (next, safe) in rows {
            assert_eq!(LocalPath::parse(next).is_some(), safe, "{next:?}");
        }
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(MAX_BYTES))).is_none());
        assert_eq!(LocalPath::or_root(None).as_str(), "/");
        assert_eq!(LocalPath::or_root(Some("//evil.example")).as_str(), "/");
    }

    proptest! {
        /// What browsers do with a path: drop tabs and line ends, read `\` as `/`.
        #[test]
        fn no_target_leads_to_another_host(next in "(/|\\\\|\t|\n|%2f|%5C|\\.|e|\\?|#|@|:|[ -~]|\\PC){0,8}") {
            if let Some(path) = LocalPath::parse(&next) {
                let read: String = path.as_str().chars().filter(|c| !"\t\r\n".contains(*c)).collect();
                let read = read.replace('\\', "/");
                prop_assert!(read.starts_with('/') && !read.starts_with("//"));
                prop_assert!(HeaderValue::from_str(path.as_str()).is_ok());
                prop_assert_eq!(path.into_response().status(), 303);
            }
        }
    }
}
