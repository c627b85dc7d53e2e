//! The form of an answer, where a handler got it wrong.
//!
//! | a handler's header | what leaves |
//! |---|---|
//! | `Content-Length` that is the length of its body | as it is |
//! | any other, but in the answer to a HEAD | the true one, which the connection counts |
//! | `Set-Cookie` of more than 4096 bytes of name and value | nothing, and an error in the log: browsers drop it unseen |
//!
//! The connection writes a `Content-Length` as it stands. A wrong one would let one answer be taken for two, or for
//! half of one.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::Body as _;

/// The longest cookie that browsers take, in bytes of name and value.
const LONGEST_COOKIE_BYTES: usize = 4096;

/// Corrects what the table says.
pub(super) fn correct(answer: &mut Response<Body>, method: &Method) {
    let length = answer.body().size_hint().exact();
    let headers = answer.headers_mut();
    if method != Method::HEAD
        && headers
            .get_all(header::CONTENT_LENGTH)
            .iter()
            .any(|value| number(value).is_none_or(|number| Some(number) != length))
    {
        headers.remove(header::CONTENT_LENGTH);
    }
    if headers.get_all(header::SET_COOKIE).iter().any(is_too_long) {
        drop_cookies_that_are_too_long(headers);
    }
}

/// The length that a header declares, if it is one.
fn number(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}

fn is_too_long(cookie: &HeaderValue) -> bool {
    let pair = cookie.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    pair.len() > LONGEST_COOKIE_BYTES
}

#[cold]
fn drop_cookies_that_are_too_long(headers: &mut HeaderMap) {
    let header::Entry::Occupied(all) = headers.entry(header::SET_COOKIE) else { return };
    let (name, values) = all.remove_entry_mult();
    let (long, kept): (Vec<_>, Vec<_>) = values.partition(is_too_long);
    for cookie in long {
        let text = cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default();
        let cookie = String::from_utf8_lossy(text);
        tracing::error!(%cookie, "a cookie of more than 4096 bytes is not sent: browsers would drop it");
    }
    for cookie in kept {
        headers.append(name.clone(), cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Body, lengths: &[&str]) -> Response<Body> {
        let mut answer = Response::new(body);
        for length in lengths {
            answer.headers_mut().append(header::CONTENT_LENGTH, length.parse().expect("a value"));
        }
        answer
    }

    #[test]
    fn decision_table_of_lengths() {
        let stream = || Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("four")]));
        for (method, body, lengths, leaves) in [
            (Method::GET, Body::from("four"), &["4"][..], Some("4")),
            (Method::GET, Body::from("four"), &[], None),
            (Method::GET, Body::from("four"), &["3"], None),
            (Method::GET, Body::from("four"), &["5"], None),
            (Method::GET, Body::from("four"), &["many"], None),
            (Method::GET, Body::from("four"), &["-1"], None),
            (Method::GET, Body::from("four"), &["4", "5"], None),
            (Method::GET, stream(), &["4"], None),
            (Method::GET, stream(), &["many"], None),
            (Method::HEAD, Body::empty(), &["4"], Some("4")),
            (Method::POST, Body::empty(), &["4"], None),
        ] {
            let mut answer = answer(body, lengths);
            correct(&mut answer, &method);
            let left =
                answer.headers().get(header::CONTENT_LENGTH).map(|value| value.to_str().expect("text"));
            assert_eq!(left, leaves, "{method} {lengths:?}");
        }
    }

    #[test]
    fn cookies_that_no_browser_keeps_are_not_sent() {
        let mut answer = Response::new(Body::empty());
        let longest = format!("a={}", "x".repeat(LONGEST_COOKIE_BYTES - 2));
        let attributes = format!("{longest}; Path=/; HttpOnly");
        for cookie in ["first=1; Path=/", &attributes, &format!("{longest}x; Path=/"), "last=2"] {
            answer.headers_mut().append(header::SET_COOKIE, cookie.parse().expect("a value"));
        }
        correct(&mut answer, &Method::GET);
        let left: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(left, ["first=1; Path=/", attributes.as_str(), "last=2"]);
    }
}
