//! The table of sources, row by row.

use super::*;

fn check(own: &str, pairs: &[(&'static str, &[u8])]) -> &'static str {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, http::HeaderValue::from_bytes(value).unwrap());
    }
    let own = OwnOrigins::new(Origin::of_browser_form(own), &[Origin::of_browser_form(TRUSTED)]);
    own.check(&headers).map_or_else(CsrfFailure::check, |()| "ok")
}

#[test]
fn origins() {
    let rows: &[(&[&str], &str)] = &[
        (&[OWN], "ok"),
        (&[TRUSTED], "ok"),
        (&["null"], "origin"),
        (&[""], "origin"),
        (&["*"], "origin"),
        (&["https://evil.example"], "origin"),
        (&["http://app.example.org"], "origin"),
        (&["https://app.example.org:443"], "origin"),
        (&["https://app.example.org:8443"], "origin"),
        (&["https://app.example.org/"], "origin"),
        (&["https://app.example.org."], "origin"),
        (&["https://APP.example.org"], "origin"),
        (&["https://evil-app.example.org"], "origin"),
        (&["https://evilapp.example.org"], "origin"),
        (&["https://sub.app.example.org"], "origin"),
        (&["https://sub.admin.example.org"], "origin"),
        (&["https://example.org"], "origin"),
        (&["https://app.example.org.evil.example"], "origin"),
        (&["https://app.example.org@evil.example"], "origin"),
        (&["https://evil.example@app.example.org"], "origin"),
        (&["https://app.example.org https://evil.example"], "origin"),
        (&["https://app.example.org, https://app.example.org"], "origin"),
        (&[OWN, OWN], "origin"),
        (&[OWN, "https://evil.example"], "origin"),
        (&["app.example.org"], "origin"),
        (&["//app.example.org"], "origin"),
        (&["https:///app.example.org"], "origin"),
        (&["https://["], "origin"),
        (&["https://app.example.örg"], "origin"),
    ];
    for (lines, expected) in rows {
        let pairs: Vec<_> = lines.iter().map(|line| ("origin", line.as_bytes())).collect();
        assert_eq!(check(OWN, &pairs), *expected, "{lines:?}");
    }
}

#[test]
fn fetch_sites() {
    let rows: &[(&[&str], &str)] = &[
        (&["same-origin"], "ok"),
        (&["none"], "ok"),
        (&["same-site"], "sec_fetch_site"),
        (&["cross-site"], "sec_fetch_site"),
        (&[""], "sec_fetch_site"),
        (&["Same-Origin"], "sec_fetch_site"),
        (&["same-origin, cross-site"], "sec_fetch_site"),
        (&["same-origin", "cross-site"], "sec_fetch_site"),
        (&["same-origin", "same-origin"], "sec_fetch_site"),
        (&["sibling"], "sec_fetch_site"),
    ];
    for (lines, expected) in rows {
        let pairs: Vec<_> = lines.iter().map(|line| ("sec-fetch-site", line.as_bytes())).collect();
        assert_eq!(check(OWN, &pairs), *expected, "{lines:?}");
    }
}

#[test]
fn referers() {
    let rows: &[(&[&[u8]], &str)] = &[
        (&[b"https://app.example.org/"], "ok"),
        (&[b"https://app.example.org"], "ok"),
        (&[b"https://app.example.org?a=b"], "ok"),
        (&[b"https://app.example.org/a/b?c#d"], "ok"),
        (&[b"https://admin.example.org/a"], "ok"),
        (&[b""], "referer"),
        (&[b"https://evil.example/"], "referer"),
        (&[b"https://evil.example/https://app.example.org/"], "referer"),
        (&[b"https://evil.example/?https://app.example.org/"], "referer"),
        (&[b"http://app.example.org/"], "referer"),
        (&[b"https://app.example.org:8443/"], "referer"),
        (&[b"https://app.example.org.evil.example/"], "referer"),
        (&[b"https://app.example.orgevil/"], "referer"),
        (&[b"https://app.example.org@evil.example/"], "referer"),
        (&[b"https://app.example.org:x@evil.example/"], "referer"),
        (&[b"https://app.example.org\\@evil.example/"], "referer"),
        (&[b"//app.example.org/"], "referer"),
        (&[b"app.example.org"], "referer"),
        (&[b"https:///"], "referer"),
        (&[b"https://"], "referer"),
        (&[b"https://["], "referer"),
        (&[b"about:blank"], "referer"),
        (&[b"\xd8B\xf6I\xee"], "referer"),
        (&[b"https://app.example.org/", b"https://app.example.org/"], "referer"),
    ];
    for (lines, expected) in rows {
        let pairs: Vec<_> = lines.iter().map(|line| ("referer", *line)).collect();
        assert_eq!(check(OWN, &pairs), *expected, "{lines:?}");
    }
}

#[test]
fn a_machine_answers_to_its_three_names() {
    let rows = [
        ("http://127.0.0.1:8080", "http://localhost:8080", "ok"),
        ("http://127.0.0.1:8080", "http://[::1]:8080", "ok"),
        ("http://localhost:8080", "http://127.0.0.1:8080", "ok"),
        ("http://127.0.0.1:8080", "http://localhost:3000", "origin"),
        ("http://127.0.0.1:8080", "https://localhost:8080", "origin"),
        ("http://127.0.0.1:8080", "http://127.0.0.2:8080", "origin"),
        ("http://192.0.2.1:8080", "http://localhost:8080", "origin"),
        (OWN, "http://localhost", "origin"),
    ];
    for (own, origin, expected) in rows {
        assert_eq!(check(own, &[("origin", origin.as_bytes())]), expected, "{own} {origin}");
    }
}
