//! The tables of the module, row by row.

use std::time::Duration;

use mainstay_core::settings::{Environment, read_pairs};

use super::*;

const YEAR: HstsSettings =
    HstsSettings { max_age: Duration::from_hours(365 * 24), subdomains: true, preload: false };

fn sealed(has_waiver: bool, nonce: Option<&PageNonce>, pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    SecurityHeaders::new(&YEAR, true).seal(has_waiver, nonce, &mut headers);
    for name in headers.keys().filter(|name| *name != "set-cookie") {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name} twice");
    }
    headers
}

#[test]
fn every_answer_has_them_all() {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", PERMISSIONS),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ];
    let headers = sealed(false, None, &[]);
    assert_eq!(headers.len(), expected.len());
    let lines = SecurityHeaders::new(&YEAR, true).lines();
    for (name, value) in expected {
        assert_eq!(headers[name], value, "{name}");
        assert!(lines.contains(&format!("{name}: {value}\r\n")), "{lines}");
    }
    assert_eq!(lines.matches("\r\n").count(), expected.len());
}

#[test]
fn the_policy_follows_the_content() {
    let page = "default-src 'none'; script-src 'self'; style-src 'self';";
    let api = "default-src 'none'; frame-ancestors 'none'";
    let rows = [
        ("text/html", page),
        ("text/html; charset=utf-8", page),
        ("TEXT/HTML", page),
        ("application/xhtml+xml", page),
        ("application/json", api),
        ("image/svg+xml", api),
        ("text/plain", api),
        ("text/htmlx", api),
    ];
    for (content_type, begins) in rows {
        let headers = sealed(false, None, &[("content-type", content_type)]);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with(begins), "{content_type}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn a_nonce_is_named_and_not_stored() {
    let slot = NonceSlot::default();
    assert!(slot.used().is_none());
    let nonce = slot.nonce().clone();
    assert_eq!(slot.used(), Some(&nonce));
    assert_ne!(nonce, *NonceSlot::default().nonce());
    assert_eq!(nonce.as_str().len(), 22);
    let pairs = [("content-type", "text/html"), ("cache-control", "public, max-age=3600")];
    let headers = sealed(false, Some(&nonce), &pairs);
    let policy = headers["content-security-policy"].to_str().unwrap();
    let source = format!("'self' 'nonce-{nonce}';");
    assert!(policy.contains(&format!("script-src {source}")), "{policy}");
    assert!(policy.contains(&format!("style-src {source}")), "{policy}");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(sealed(false, None, &pairs)["cache-control"], "public, max-age=3600");
}

#[test]
fn a_handlers_own_value_needs_a_waiver() {
    let pairs = [
        ("content-security-policy", "default-src *"),
        ("referrer-policy", "unsafe-url"),
        ("referrer-policy", "unsafe-url"),
    ];
    let strict = sealed(false, None, &pairs);
    assert_eq!(strict["content-security-policy"], API_POLICY);
    assert_eq!(strict["referrer-policy"], "same-origin");
    let waived = sealed(true, None, &pairs[..2]);
    assert_eq!(waived["content-security-policy"], "default-src *");
    assert_eq!(waived["referrer-policy"], "unsafe-url");
    assert_eq!(waived["x-content-type-options"], "nosniff", "what is missing is added");
}

#[test]
fn what_must_not_leave_does_not() {
    let headers = sealed(
        false,
        None,
        &[
            ("server", "mainstay/0.1"),
            ("x-powered-by", "rust"),
            ("content-type", "text/plain"),
            ("content-type", "text/html"),
            ("cache-control", "public"),
            ("cache-control", "no-store"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ],
    );
    assert!(!headers.contains_key("server") && !headers.contains_key("x-powered-by"));
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2, "each cookie has its own line");
}

#[test]
fn https_is_promised_where_it_is_spoken() {
    let promise = |settings: &HstsSettings, https| {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(settings, https).seal(false, None, &mut headers);
        headers.get(header::STRICT_TRANSPORT_SECURITY).map(|value| value.to_str().unwrap().to_owned())
    };
    let minute = HstsSettings { max_age: Duration::from_mins(1), ..HstsSettings::default() };
    let preload = HstsSettings { preload: true, ..YEAR };
    assert_eq!(promise(&YEAR, false), None);
    assert_eq!(promise(&HstsSettings::default(), true), None);
    assert_eq!(promise(&minute, true).as_deref(), Some("max-age=60"));
    assert_eq!(promise(&preload, true).as_deref(), Some("max-age=31536000; includeSubDomains; preload"));
}

/// Settings, where, the codes of their problems, whether these stop the start.
type Row = (&'static [(&'static str, &'static str)], Environment, &'static [&'static str], bool);

#[test]
fn settings() {
    let rows: &[Row] = &[
        (&[], Environment::Development, &[], false),
        (&[], Environment::Production, &[], false),
        (&[("HSTS_MAX_AGE", "1h")], Environment::Development, &[], false),
        (&[("HSTS_MAX_AGE", "1h")], Environment::Production, &["MS0214"], false),
        (&[("HSTS_MAX_AGE", "0s")], Environment::Production, &["MS0214"], false),
        (&[("HSTS_SUBDOMAINS", "no")], Environment::Staging, &["MS0214"], false),
        (&[("HSTS_PRELOAD", "yes")], Environment::Production, &[], false),
        (&[("HSTS_PRELOAD", "yes")], Environment::Development, &["MS0215"], true),
        (&[("HSTS_PRELOAD", "yes"), ("HSTS_SUBDOMAINS", "no")], Environment::Production, &["MS0215"], true),
    ];
    for (pairs, environment, expected, stops) in rows {
        let report = read_pairs::<HstsSettings>(*environment, pairs).report;
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((codes.as_slice(), report.has_errors()), (*expected, *stops), "{pairs:?} {environment:?}");
    }
    let strict = read_pairs::<HstsSettings>(Environment::Production, &[]).settings.unwrap();
    assert_eq!(strict, YEAR);
}
