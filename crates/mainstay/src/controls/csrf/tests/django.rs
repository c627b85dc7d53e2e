//! What Django's tests of its own protection demand, beyond the rows of the matrix and the table of sources.
//!
//! Where we are stricter, the row says so: wildcards of trusted origins are no setting here, and a missing `Origin`
//! is no pass over plain http.

use super::*;

/// A change with a good source and this token, by this method.
async fn change(world: &World, method: Method, token: Option<String>) -> String {
    let mut request = post().method(method).header("origin", OWN);
    if let Some(token) = token {
        request = request.header("x-csrf-token", token);
    }
    world.verdict(world.session("live"), false, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_method_that_changes_is_checked() {
    let world = World::new();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(change(&world, method.clone(), None).await, "token_missing", "{method}");
        assert_eq!(change(&world, method.clone(), Some(world.token("session"))).await, "", "{method}");
    }
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(change(&world, method.clone(), None).await, "", "{method}");
    }
}

#[tokio::test]
async fn plain_http_is_judged_alike() {
    let world = World::with(CsrfMode::Enforce, "http://intranet:8080");
    let rows = [
        (vec![("origin", "http://intranet:8080")], ""),
        (vec![("origin", "https://intranet:8080")], "origin"),
        (vec![("origin", "http://intranet")], "origin"),
        (vec![("referer", "http://intranet:8080/a")], ""),
        (vec![("referer", "http://intranet/a")], "referer"),
        // Django lets this pass without https; a missing header is no proof of anything.
        (vec![], "no_source"),
    ];
    for (headers, expected) in rows {
        let request = post().header("x-csrf-token", world.token("session"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let verdict = world.verdict(world.session("live"), false, request.body(Body::empty()).unwrap()).await;
        assert_eq!(verdict, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn the_host_header_has_no_say() {
    let world = World::new();
    for host in ["evil.example", "@malformed", "app.example.org:8443", ""] {
        let request = |origin| {
            let request = Request::builder().method(Method::POST).uri("/").header("host", host);
            let request = request.header("origin", origin).header("x-csrf-token", world.token("session"));
            request.header("x-forwarded-host", "evil.example").header("x-forwarded-port", "443")
        };
        for (origin, expected) in [(OWN, ""), ("https://evil.example", "origin")] {
            let request = request(origin).body(Body::empty()).unwrap();
            assert_eq!(world.verdict(world.session("live"), false, request).await, expected, "{host}");
        }
    }
}

#[tokio::test]
async fn a_token_is_good_more_than_once_and_on_every_page() {
    let world = World::new();
    let token = world.token("session");
    for _ in 0..3 {
        assert_eq!(change(&world, Method::POST, Some(token.clone())).await, "");
        assert_eq!(change(&world, Method::POST, Some(world.token("foreign"))).await, "token_foreign");
    }
}

#[tokio::test]
async fn a_refusal_says_which_check_failed_and_what_to_send() {
    let world = World::new();
    let rows = [
        (post(), "does not say where it comes from", "Send the header `Origin: https://app.example.org`."),
        (
            post().header("origin", "https://evil.example"),
            "Origin header",
            "Send it from a page of https://app.example.org.",
        ),
        (
            post().header("origin", OWN),
            "brings no token",
            "in the header X-CSRF-Token, or in the form field csrf_token",
        ),
        (post().header("origin", OWN).header("x-csrf-token", "x"), "malformed", "GET /api/v1/auth/session"),
    ];
    for (request, says, advises) in rows {
        let request = request.body(Body::empty()).unwrap();
        let refusal = world.admit(world.session("live"), false, request).await.1.unwrap_err();
        let text = refusal.text();
        assert!(text.contains(says) && text.contains(advises), "{text}");
        assert!(!text.contains("evil.example"), "nothing of the request is repeated: {text}");
    }
}

#[tokio::test]
async fn report_lets_pass_what_enforce_refuses() {
    let world = World::with(CsrfMode::Report, OWN);
    let request = post().header("origin", "https://evil.example").body(Body::from("body")).unwrap();
    let (_, admitted) = world.admit(world.session("live"), false, request).await;
    let body = http_body_util::BodyExt::collect(admitted.unwrap().into_body()).await.unwrap().to_bytes();
    assert_eq!(body, "body");
    for expected in ["token_missing", "token_foreign"] {
        assert_eq!(change(&world, Method::POST, None).await, "", "{expected} is only reported");
    }
}
