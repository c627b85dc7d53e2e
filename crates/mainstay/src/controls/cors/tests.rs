//! The tables of the module, row by row.

use mainstay_core::settings::{Environment, Setting, read_pairs};

use super::*;
use crate::routes::RouteTable;
use crate::{Json, RequestSettings, Routes};

const LISTED: &str = "https://app.example.org,http://localhost:5000";

fn cors(origins: &str, credentials: bool) -> Cors {
    let origins = Vec::<AllowedOrigin>::parse(origins).unwrap();
    Cors::new(&CorsSettings { origins, credentials, ..CorsSettings::default() })
}

fn head(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn methods() -> Methods {
    Methods::new(vec![Method::GET, Method::HEAD, Method::PUT])
}

/// What leaves of a GET: the grant, credentials, `Vary`.
fn leaves(cors: &Cors, headers: &HeaderMap) -> (Option<String>, bool, Option<String>) {
    let verdict = cors.check(&Method::GET, headers, || None);
    assert!(verdict.preflight.is_none());
    let mut answer = HeaderMap::new();
    cors.seal(&verdict.grant, &mut answer);
    let text = |name: HeaderName| {
        let lines: Vec<_> = answer.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        assert!(lines.len() <= 1, "no header twice");
        lines.first().map(ToString::to_string)
    };
    (
        text(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        text(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).is_some(),
        text(header::VARY),
    )
}

#[test]
fn origins_are_granted_by_equality_alone() {
    let rows: &[(&[&str], Option<&str>)] = &[
        (&[], None),
        (&["https://app.example.org"], Some("https://app.example.org")),
        (&["http://localhost:5000"], Some("http://localhost:5000")),
        (&["null"], None),
        (&["NULL"], None),
        (&[""], None),
        (&["*"], None),
        (&["https://evil-app.example.org"], None),
        (&["https://evilapp.example.org"], None),
        (&["https://app.example.org.evil.example"], None),
        (&["https://app.example.orgevil"], None),
        (&["https://sub.app.example.org"], None),
        (&["https://example.org"], None),
        (&["http://app.example.org"], None),
        (&["https://app.example.org:443"], None),
        (&["https://app.example.org:8443"], None),
        (&["http://localhost"], None),
        (&["http://localhost:50000"], None),
        (&["http://localhost:5000/"], None),
        (&["http://127.0.0.1:5000"], None),
        (&["https://app.example.org."], None),
        (&["HTTPS://app.example.org"], None),
        (&["https://APP.example.org"], None),
        (&["https://app.example.org@evil.example"], None),
        (&["https://user@app.example.org"], None),
        (&["https://app.еxample.org"], None),
        (&["https://app.xn--xample-9uf.org"], None),
        (&["https://app.example.org https://evil.example"], None),
        (&["https://app.example.org, https://evil.example"], None),
        (&["https://app.example.org", "https://evil.example"], None),
        (&["https://app.example.org", "https://app.example.org"], None),
        (&["file://"], None),
        (&["chrome-extension://abcdef"], None),
    ];
    let credentialed = cors(LISTED, true);
    let plain = cors(LISTED, false);
    for (lines, expected) in rows {
        let headers = head(&lines.iter().map(|line| ("origin", *line)).collect::<Vec<_>>());
        let (grant, credentials, vary) = leaves(&credentialed, &headers);
        assert_eq!(grant.as_deref(), *expected, "{lines:?}");
        assert_eq!(credentials, expected.is_some(), "{lines:?}");
        assert_eq!(vary.as_deref(), Some("Origin"), "also without a grant: {lines:?}");
        let (grant, credentials, _) = leaves(&plain, &headers);
        assert_eq!((grant.as_deref(), credentials), (*expected, false), "{lines:?}");
    }
}

#[test]
fn any_origin_is_never_granted_credentials() {
    // The settings refuse the combination; the rules do not depend on it.
    for credentials in [false, true] {
        let any = cors("*,https://app.example.org", credentials);
        for origin in ["https://app.example.org", "https://evil.example"] {
            let (grant, credentials, vary) = leaves(&any, &head(&[("origin", origin)]));
            assert_eq!((grant.as_deref(), credentials, vary.as_deref()), (Some("*"), false, Some("Origin")));
        }
        assert_eq!(leaves(&any, &head(&[("origin", "null")])).0, None);
        assert_eq!(leaves(&any, &head(&[])).0, None);
    }
}

#[test]
fn a_service_that_grants_nothing_varies_by_nothing() {
    let none = cors("", true);
    assert_eq!(leaves(&none, &head(&[("origin", "https://app.example.org")])), (None, false, None));
}

#[test]
fn a_handlers_own_grant_is_taken_off() {
    let cors = cors(LISTED, false);
    let mut answer = head(&[
        ("access-control-allow-origin", "*"),
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "*"),
        ("vary", "accept"),
        ("vary", "origin"),
    ]);
    cors.seal(&Grant::Own, &mut answer);
    assert_eq!(answer, head(&[("vary", "accept, origin")]));
}

#[test]
fn preflights_are_answered_here() {
    let ask = |origin: &'static str, method: &'static str, names: &'static str| {
        vec![
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", names),
        ]
    };
    let own = "https://app.example.org";
    let with = |extra| {
        let mut pairs = ask(own, "PUT", "");
        pairs.push(extra);
        pairs
    };
    let rows = [
        (ask(own, "PUT", "content-type,x-csrf-token"), true),
        (ask(own, "GET", "Authorization"), true),
        (ask(own, "HEAD", ""), true),
        (ask("http://localhost:5000", "PUT", " content-type , ,"), true),
        (ask("https://evil.example", "PUT", ""), false),
        (ask("null", "PUT", ""), false),
        (ask("https://app.example.org.evil.example", "GET", ""), false),
        (ask(own, "DELETE", ""), false),
        (ask(own, "put", ""), false),
        (ask(own, "", ""), false),
        (ask(own, "GET, DELETE", ""), false),
        (ask(own, "PUT", "x-forwarded-for"), false),
        (ask(own, "PUT", "content-type,cookie"), false),
        (ask(own, "PUT", "*"), false),
        (ask(own, "PUT", "x-csrf"), false),
        (with(("access-control-request-private-network", "true")), false),
        (with(("access-control-request-private-network", "false")), false),
        (with(("access-control-request-local-network", "true")), false),
        (with(("access-control-request-headers", "x-evil")), false),
    ];
    let cors = cors(LISTED, true);
    let methods = methods();
    for (pairs, granted) in rows {
        let verdict = cors.check(&Method::OPTIONS, &head(&pairs), || Some(&methods));
        let answer = verdict.preflight.expect("a preflight");
        let mut headers = HeaderMap::new();
        match answer {
            Ok(answer) => {
                assert!(granted, "{pairs:?}");
                assert_eq!(answer.status(), StatusCode::NO_CONTENT);
                headers = answer.headers().clone();
                cors.seal(&verdict.grant, &mut headers);
                assert_eq!(headers["access-control-allow-origin"], pairs[0].1);
                assert_eq!(headers["access-control-allow-methods"], "GET, HEAD, PUT");
                assert_eq!(headers["access-control-max-age"], "600");
                assert_eq!(headers["access-control-allow-credentials"], "true");
                assert!(headers["vary"].to_str().unwrap().ends_with("Origin"), "{headers:?}");
                assert!(!headers.contains_key("access-control-allow-private-network"));
            }
            Err(refusal) => {
                assert!(!granted, "{pairs:?}: {refusal}");
                assert_eq!(refusal.code(), ErrorCode::Forbidden);
                cors.seal(&verdict.grant, &mut headers);
                assert_eq!(headers, head(&[("vary", "Origin")]), "no grant: {pairs:?}");
            }
        }
    }
    let unknown = cors.check(&Method::OPTIONS, &head(&ask(own, "GET", "")), || None);
    assert!(unknown.preflight.expect("a preflight").is_err(), "a path without a route");
    let many = "content-type,".repeat(MAX_REQUEST_HEADERS + 1);
    let pairs = [("origin", own), ("access-control-request-method", "PUT")];
    let mut headers = head(&pairs);
    headers.insert("access-control-request-headers", many.parse().unwrap());
    assert!(cors.check(&Method::OPTIONS, &headers, || Some(&methods)).preflight.unwrap().is_err());
}

#[test]
fn what_is_no_preflight_goes_on() {
    let cors = cors(LISTED, true);
    let rows = [
        (Method::OPTIONS, head(&[("origin", "https://app.example.org")])),
        (Method::OPTIONS, head(&[("access-control-request-method", "PUT")])),
        (
            Method::PUT,
            head(&[("origin", "https://app.example.org"), ("access-control-request-method", "PUT")]),
        ),
    ];
    for (method, headers) in rows {
        let verdict = cors.check(&method, &headers, || unreachable!("asked for by preflights only"));
        assert!(verdict.preflight.is_none(), "{method} {headers:?}");
    }
}

#[test]
fn the_methods_of_a_path_are_those_of_its_routes() {
    let ok = async || Json(0);
    let routes: Routes =
        Routes::new().get("/a/{b}", ok).put("/a/{b}", ok).post("/a", ok).get("/a/b/{*rest}", ok);
    let table = MethodTable::new(&RouteTable::of(routes, &RequestSettings::default()).unwrap());
    let methods = |path: &str| table.of(path).map(|methods| methods.value().to_str().unwrap().to_owned());
    assert_eq!(methods("/a/1").as_deref(), Some("GET, HEAD, PUT"));
    assert_eq!(methods("/a").as_deref(), Some("POST"));
    assert_eq!(methods("/a/b/c/d").as_deref(), Some("GET, HEAD"));
    assert_eq!(methods("/b"), None);
    assert_eq!(methods("/a/"), None);
}

/// Settings, where, the code of their problem, whether it stops the start.
type Row = (&'static [(&'static str, &'static str)], Environment, &'static str, bool);

#[test]
fn settings() {
    let read = |environment, pairs: &[(&str, &str)]| read_pairs::<CorsSettings>(environment, pairs);
    let defaults = read(Environment::Development, &[]).settings.unwrap();
    assert_eq!(defaults, CorsSettings::default());
    assert_eq!(defaults.origins[0].show(), "http://localhost:5000");
    let empty = read(Environment::Production, &[("CORS_ORIGINS", "")]).settings.unwrap();
    assert!(empty.origins.is_empty());
    let rows: &[Row] = &[
        (&[("CORS_ORIGINS", "*")], Environment::Development, "MS0211", false),
        (&[("CORS_ORIGINS", "*")], Environment::Production, "MS0211", true),
        (&[("CORS_ORIGINS", "https://a.org,*")], Environment::Staging, "MS0211", true),
        (
            &[("CORS_ORIGINS", "*"), ("CORS_ALLOW_CREDENTIALS", "yes")],
            Environment::Development,
            "MS0212",
            true,
        ),
        (&[("CORS_ORIGINS", "null")], Environment::Development, "MS0101", true),
        (&[("CORS_ORIGINS", "https://*.example.org")], Environment::Development, "MS0101", true),
        (&[("CORS_ORIGINS", "https://a.org/")], Environment::Development, "MS0101", true),
        (&[("CORS_MAX_AGE", "25h")], Environment::Development, "MS0102", true),
    ];
    for (pairs, environment, code, stops) in rows {
        let report = read(*environment, pairs).report;
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((codes.as_slice(), report.has_errors()), ([*code].as_slice(), *stops), "{pairs:?}");
    }
}
