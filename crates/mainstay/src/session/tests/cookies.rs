use http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

use crate::session::cookie::Presented;
use crate::session::token::Token;
use crate::session::{Expiry, SessionCookie, SessionSettings};

const SECURE: SessionCookie = SessionCookie::new(true, false);

/// What a request with these `Cookie` lines has: the token's text, or a word.
fn found(cookie: SessionCookie, lines: &[&[u8]]) -> String {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    match cookie.find(&headers) {
        Presented::Nothing => "nothing".into(),
        Presented::Malformed => "malformed".into(),
        Presented::Doubled => "doubled".into(),
        Presented::Token(token) => token.encode().to_string(),
    }
}

#[test]
fn what_a_request_brings_row_by_row() {
    let (a, b) = (Token::generate().encode().to_string(), Token::generate().encode().to_string());
    let ours = |value: &str| format!("__Host-session={value}");
    let rows: &[(&[&str], &str)] = &[
        (&[], "nothing"),
        (&[""], "nothing"),
        (&["theme=dark; lang=de"], "nothing"),
        (&["__Host-session"], "nothing"),
        (&["=x; ;;"], "nothing"),
        // Names are compared as they are: a cookie without the prefix could have been set by anybody.
        (&[&format!("session={a}")], "nothing"),
        (&[&format!("__host-session={a}")], "nothing"),
        (&[&format!("__Host-session2={a}")], "nothing"),
        (&[&format!("x__Host-session={a}")], "nothing"),
        (&[&ours(&a)], &a),
        (&[&format!("theme=dark;{};lang=de", ours(&a))], &a),
        (&[&format!("theme=dark;  {}  ", ours(&a))], &a),
        // HTTP/2 may cut the line in pieces.
        (&["theme=dark", &ours(&a)], &a),
        (&[&ours("")], "malformed"),
        (&[&ours("deleted")], "malformed"),
        (&[&ours(&a[..40])], "malformed"),
        (&[&format!("__Host-session=\"{a}\"")], "malformed"),
        (&[&format!("{}={a}", ours(&a))], "malformed"),
        (&[&format!("{}; {}", ours(&a), ours(&b))], "doubled"),
        (&[&ours(&a), &ours(&b)], "doubled"),
        // Also the same one twice, and one beside nonsense: neither is taken for the right one.
        (&[&format!("{}; {}", ours(&a), ours(&a))], "doubled"),
        (&[&format!("{}; {}", ours(&a), ours(""))], "doubled"),
        (&[&format!("{}; {}", ours("x"), ours("y"))], "doubled"),
    ];
    for (lines, expected) in rows {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        assert_eq!(found(SECURE, &lines), *expected, "{lines:?}");
    }
    assert_eq!(found(SECURE, &[b"\xff=\xfe; __Host-session=\xff"]), "malformed");
    assert_eq!(found(SessionCookie::new(false, false), &[format!("session={a}").as_bytes()]), a);
}

#[test]
fn the_name_and_the_attributes_follow_the_scheme() {
    let now = Timestamp::UNIX_EPOCH;
    let defaults = SessionSettings::default();
    let expiry = Expiry::begin(now, defaults.idle_timeout, defaults.lifetime);
    let token = Token::generate();
    let text = token.encode().to_string();
    for (is_https, is_strict, is_secure) in
        [(false, false, false), (true, false, true), (false, true, true), (true, true, true)]
    {
        let cookie = SessionCookie::new(is_https, is_strict);
        let (name, secure) = if is_secure { ("__Host-session", "; Secure") } else { ("session", "") };
        let attributes = format!("Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age");
        let later = now + SignedDuration::from_secs(60);
        assert_eq!(cookie.set(&token, &expiry, later), format!("{name}={text}; {attributes}=43140"));
        assert_eq!(cookie.remove(), format!("{name}=; {attributes}=0"));
        assert!(cookie.set(&token, &expiry, now).is_sensitive(), "it is not for the log");
    }
}
