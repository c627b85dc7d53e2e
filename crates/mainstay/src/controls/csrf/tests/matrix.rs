//! Sec-Fetch-Site × Origin × Referer × token × content type × session, row by row.

use super::*;

/// `-` is a header that is not there. Columns: `Sec-Fetch-Site`, `Origin`, `Referer`, the token as place and kind,
/// the content type, the session and cookies, and the check that fails; `ok` passes.
type Row = [&'static str; 7];

/// Our page, and strangers'.
const PAGE: &str = "https://app.example.org/things?a=b";
const EVIL: &str = "https://evil.example";
const EVIL_PAGE: &str = "https://evil.example/https://app.example.org/";

const ROWS: &[Row] = &[
    // Our own pages, with every way of carrying a token.
    ["same-origin", OWN, PAGE, "header session", "json", "live", "ok"],
    ["same-origin", OWN, PAGE, "header session", "form", "live", "ok"],
    ["same-origin", OWN, PAGE, "form session", "form", "live", "ok"],
    ["same-origin", OWN, PAGE, "header session", "multipart", "live", "ok"],
    ["same-origin", OWN, PAGE, "form session", "multipart", "live", "ok"],
    ["same-origin", OWN, PAGE, "header session", "text", "live", "ok"],
    ["same-origin", OWN, PAGE, "header session", "-", "live", "ok"],
    // The first source that is there decides, and it alone.
    ["-", OWN, "-", "header session", "json", "live", "ok"],
    ["same-origin", "-", "-", "header session", "json", "live", "ok"],
    ["none", "-", "-", "header session", "json", "live", "ok"],
    ["-", "-", PAGE, "header session", "json", "live", "ok"],
    ["-", "-", OWN, "header session", "json", "live", "ok"],
    ["-", "-", "-", "header session", "json", "live", "no_source"],
    ["cross-site", OWN, EVIL_PAGE, "header session", "json", "live", "ok"],
    ["cross-site", TRUSTED, EVIL_PAGE, "header session", "json", "live", "ok"],
    ["same-site", TRUSTED, "-", "form session", "form", "live", "ok"],
    ["same-site", TRUSTED, "-", "none", "json", "live", "token_missing"],
    ["none", OWN, "-", "form session", "form", "live", "ok"],
    ["same-origin", EVIL, PAGE, "header session", "json", "live", "origin"],
    ["same-origin", "null", PAGE, "header session", "json", "live", "origin"],
    ["same-origin", "", PAGE, "header session", "json", "live", "origin"],
    ["cross-site", "-", PAGE, "header session", "json", "live", "sec_fetch_site"],
    ["same-site", "-", PAGE, "header session", "json", "live", "sec_fetch_site"],
    ["", "-", PAGE, "header session", "json", "live", "sec_fetch_site"],
    ["same-origin", "-", EVIL_PAGE, "header session", "json", "live", "ok"],
    ["none", "-", EVIL_PAGE, "header session", "json", "live", "ok"],
    ["-", "-", EVIL_PAGE, "header session", "json", "live", "referer"],
    ["-", "-", "", "header session", "json", "live", "referer"],
    // Strangers' pages, whatever they carry.
    ["cross-site", EVIL, EVIL_PAGE, "header session", "json", "live", "origin"],
    ["cross-site", EVIL, EVIL_PAGE, "form session", "form", "live", "origin"],
    ["cross-site", EVIL, EVIL_PAGE, "form session", "multipart", "live", "origin"],
    ["cross-site", EVIL, EVIL_PAGE, "none", "text", "live", "origin"],
    ["cross-site", "null", "-", "none", "form", "live", "origin"],
    ["same-site", "https://blog.example.org", "-", "form session", "form", "live", "origin"],
    ["same-site", "http://app.example.org", "-", "form session", "form", "live", "origin"],
    ["same-site", "https://app.example.org:8443", "-", "form session", "form", "live", "origin"],
    ["cross-site", "-", "-", "form session", "form", "live", "sec_fetch_site"],
    // No token, or one in a place where none is looked for.
    ["same-origin", OWN, PAGE, "none", "json", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "none", "form", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "none", "multipart", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "none", "text", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "none", "-", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "query session", "json", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "query session", "form", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "json session", "json", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "form session", "text", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "form session", "json", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "form session", "-", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "second-part session", "multipart", "live", "token_missing"],
    ["same-origin", OWN, PAGE, "cookie session", "json", "live", "token_missing"],
    // Two tokens; the header decides where there is one.
    ["same-origin", OWN, PAGE, "two-headers session", "json", "live", "token_doubled"],
    ["same-origin", OWN, PAGE, "two-fields session", "form", "live", "token_doubled"],
    ["same-origin", OWN, PAGE, "header-and-bad-form session", "form", "live", "ok"],
    ["same-origin", OWN, PAGE, "bad-header-and-form session", "form", "live", "token_malformed"],
    // Tokens that are none.
    ["same-origin", OWN, PAGE, "header empty", "json", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "form empty", "form", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "header short", "json", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "form short", "form", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "header long", "json", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "form huge", "form", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "header odd", "json", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "header padded", "json", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "form spaced", "form", "live", "token_malformed"],
    ["same-origin", OWN, PAGE, "header session-id", "json", "live", "token_malformed"],
    // Tokens that are somebody else's, or too old.
    ["same-origin", OWN, PAGE, "header foreign", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "form foreign", "form", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header flipped", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header swapped-case", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header zero", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header visit", "json", "live visit", "token_foreign"],
    ["same-origin", OWN, PAGE, "header session-as-visit", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header other-key", "json", "live", "token_foreign"],
    ["same-origin", OWN, PAGE, "header former-key", "json", "live", "ok"],
    ["same-origin", OWN, PAGE, "header former", "json", "live", "ok"],
    ["same-origin", OWN, PAGE, "form former", "multipart", "live", "ok"],
    ["same-origin", OWN, PAGE, "header too-former", "json", "live", "token_foreign"],
    // API tokens: alone they need no other, beside a cookie they change nothing.
    ["-", "-", "-", "none", "json", "none bearer", "ok"],
    ["cross-site", EVIL, EVIL_PAGE, "none", "json", "none bearer", "ok"],
    ["-", "-", "-", "none", "json", "live bearer", "no_source"],
    ["same-origin", OWN, PAGE, "none", "json", "live bearer", "token_missing"],
    ["same-origin", OWN, PAGE, "header session", "json", "live bearer", "ok"],
    ["-", "-", "-", "none", "json", "dead bearer", "no_source"],
    ["same-origin", OWN, PAGE, "header session", "json", "dead bearer", "visit_missing"],
    ["same-origin", OWN, PAGE, "header visit", "json", "dead bearer visit", "ok"],
    ["same-origin", OWN, PAGE, "none", "json", "live basic", "token_missing"],
    ["-", "-", "-", "none", "json", "none basic", "no_source"],
    // Signing in: nobody has a session, a visitor has a cookie.
    ["same-origin", OWN, PAGE, "header visit", "json", "none visit", "ok"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit", "ok"],
    ["same-origin", OWN, PAGE, "form visit", "form", "dead visit", "ok"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-former-key", "ok"],
    ["cross-site", EVIL, EVIL_PAGE, "form visit", "form", "none visit", "origin"],
    ["-", "-", "-", "form visit", "form", "none visit", "no_source"],
    ["same-origin", OWN, PAGE, "none", "form", "none visit", "token_missing"],
    ["same-origin", OWN, PAGE, "none", "json", "none", "token_missing"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none", "visit_missing"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-unprefixed", "visit_missing"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-prefixed", "visit_missing"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-forged", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-malformed", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-short", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-late", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-doubled", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form visit", "form", "none visit-planted", "visit_invalid"],
    ["same-origin", OWN, PAGE, "form foreign-visit", "form", "none visit", "token_foreign"],
    ["same-origin", OWN, PAGE, "form session", "form", "none visit", "token_foreign"],
    ["same-origin", OWN, PAGE, "form short", "form", "none visit", "token_malformed"],
];

/// A request as a row describes it.
pub(super) fn request(world: &World, row: &[&str; 7]) -> (SessionShown, Request<Body>) {
    let [fetch_site, origin, referer, token, content, shown, _] = row;
    let (place, kind) = token.split_once(' ').unwrap_or((token, "empty"));
    let token = world.token(kind);
    let mut uri = "/login".to_owned();
    let mut body = match *content {
        "json" => r#"{"a":1}"#.to_owned(),
        "multipart" => part("a", "1") + "--x--\r\n",
        "-" => String::new(),
        _ => "a=1".to_owned(),
    };
    let mut request = post();
    match place {
        "header" => request = request.header("x-csrf-token", token),
        "two-headers" => request = request.header("x-csrf-token", &token).header("x-csrf-token", token),
        "cookie" => request = request.header("cookie", format!("csrf_token={token}")),
        "form" if *content == "multipart" => body = part(FIELD, &token) + &body,
        "second-part" => body = part("a", "1") + &part(FIELD, &token) + "--x--\r\n",
        "form" => body = format!("csrf_token={token}&{body}"),
        "two-fields" => body = format!("csrf_token={token}&{body}&csrf_token={token}"),
        "header-and-bad-form" => {
            request = request.header("x-csrf-token", token);
            body = format!("csrf_token=x&{body}");
        }
        "bad-header-and-form" => {
            request = request.header("x-csrf-token", "x");
            body = format!("csrf_token={token}&{body}");
        }
        "json" => body = format!(r#"{{"csrf_token":"{token}"}}"#),
        "query" => uri = format!("/login?csrf_token={token}"),
        _ => assert_eq!(place, "none"),
    }
    for (name, value) in [("sec-fetch-site", fetch_site), ("origin", origin), ("referer", referer)] {
        if *value != "-" {
            request = request.header(name, *value);
        }
    }
    let content_type = match *content {
        "json" => Some("application/json"),
        "form" => Some(FORM),
        "multipart" => Some(MULTIPART),
        "text" => Some("text/plain"),
        _ => None,
    };
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let mut shown = shown.split(' ');
    let session = world.session(shown.next().unwrap());
    for extra in shown {
        request = match extra {
            "bearer" => request.header("authorization", "Bearer mst_x"),
            "basic" => request.header("authorization", "Basic eDp5"),
            visit => request.header("cookie", world.cookie(visit)),
        };
    }
    (session, request.uri(uri).body(Body::from(body)).unwrap())
}

#[tokio::test]
async fn every_row() {
    let world = World::new();
    for row in ROWS {
        let (session, request) = request(&world, row);
        let failed = world.verdict(session, true, request).await;
        let expected = if row[6] == "ok" { "" } else { row[6] };
        assert_eq!(failed, expected, "{row:?}");
    }
}

/// Every combination, judged by what must never pass rather than by the code's own reasoning.
#[tokio::test]
async fn nothing_passes_without_source_and_token() {
    let world = World::new();
    let mut passed = 0;
    for fetch_site in ["-", "same-origin", "none", "same-site", "cross-site"] {
        for origin in ["-", OWN, TRUSTED, EVIL, "null"] {
            for referer in ["-", PAGE, EVIL_PAGE] {
                for token in [
                    "none",
                    "header session",
                    "header foreign",
                    "form session",
                    "form visit",
                    "query session",
                ] {
                    for content in ["json", "form", "multipart", "text"] {
                        for shown in ["live", "live bearer", "live visit", "dead visit", "none", "none visit"]
                        {
                            let row = [fetch_site, origin, referer, token, content, shown, ""];
                            let (session, request) = request(&world, &row);
                            if world.verdict(session, true, request).await.is_empty() {
                                passed += 1;
                                let source = if origin == "-" { fetch_site } else { origin };
                                let source = if source == "-" { referer } else { source };
                                assert!(
                                    [OWN, TRUSTED, "same-origin", "none", PAGE].contains(&source),
                                    "{row:?}"
                                );
                                let carried =
                                    token.starts_with("header") || matches!(content, "form" | "multipart");
                                let holder = if shown.starts_with("live") { "session" } else { "visit" };
                                assert!(carried && token.ends_with(holder), "{row:?}");
                                assert_ne!(shown, "none", "{row:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(passed > 100, "the good ones do pass: {passed}");
}
