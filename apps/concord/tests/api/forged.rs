//! Imports from a browser: whose page sent the form?

use bytes::Bytes;
use concord::service::Concord;
use http::{Method, header};
use mainstay::Role;
use mainstay::telemetry::log::{Captured, LogFormat, LogSettings, Logging};
use mainstay::telemetry::metrics::Metrics;
use mainstay_core::Clock;
use mainstay_testkit::{Answer, Browser, TestService};
use serde_json::json;

use crate::support::schema;

const FORM: &str = "multipart/form-data; boundary=----boundary";

/// A part with the token.
fn token(text: &str) -> String {
    format!("------boundary\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{text}\r\n")
}

/// A part with a file that holds one schema.
fn file() -> String {
    let head = "------boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cars.json\"\r\n\
                Content-Type: application/json\r\n\r\n";
    format!("{head}{}\r\n", schema("cars"))
}

/// Sends these parts, and headers of its own.
async fn import(browser: &mut Browser, parts: &[String], headers: &[(&str, &str)]) -> Answer {
    import_to(browser, "/api/v1/import/schemas?dry_run=true", parts, headers).await
}

async fn import_to(browser: &mut Browser, path: &str, parts: &[String], headers: &[(&str, &str)]) -> Answer {
    let body = format!("{}------boundary--\r\n", parts.concat());
    let mut request = browser.request(Method::POST, path).header(header::CONTENT_TYPE, FORM);
    for (name, value) in headers {
        request
            .headers_mut()
            .unwrap()
            .insert(header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    browser.send(request.body(Bytes::from(body)).unwrap()).await
}

fn check_of(answer: &Answer) -> String {
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    let check = message.strip_prefix("The check against request forgery failed: ").unwrap_or(&message);
    check.split('.').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_form_with_a_file_needs_the_token_of_its_session() {
    let service = TestService::start(Concord, &[]).await;
    let mut editor = service.browser_as(Role::Editor).await;
    let own = editor.token().to_owned();
    let another = service.browser_as(Role::Editor).await.token().to_owned();
    let visitor = service.browser().await.token().to_owned();
    let api_token = format!("Bearer {}", service.token(Role::Operator).await);
    let query = format!("/api/v1/import/schemas?dry_run=true&csrf_token={own}");

    let accepted = [
        ("before the file", vec![token(&own), file()], vec![]),
        ("in the header", vec![file()], vec![("x-csrf-token", own.as_str())]),
        ("in the header, whatever the field", vec![token("x"), file()], vec![("x-csrf-token", own.as_str())]),
    ];
    for (what, parts, headers) in accepted {
        let answer = import(&mut editor, &parts, &headers).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(answer.json()["message"], "Imported 1 schema(s)", "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }

    let good = vec![token(&own), file()];
    let foreign = [("origin", "https://stranger.example")];
    let sibling = [("origin", ""), ("sec-fetch-site", "same-site")];
    let program = [("authorization", api_token.as_str())];
    let missing = "the request brings no token";
    let refused = [
        ("without", vec![file()], vec![], missing),
        ("after the file", vec![file(), token(&own)], vec![], missing),
        (
            "as a file",
            vec![token(&own).replace("csrf_token\"", "csrf_token\"; filename=\"a\""), file()],
            vec![],
            missing,
        ),
        (
            "of another session",
            vec![token(&another), file()],
            vec![],
            "the token was not made for this session",
        ),
        ("of a visitor", vec![token(&visitor), file()], vec![], "the token was not made for this session"),
        ("malformed", vec![token("x"), file()], vec![], "the token is malformed"),
        ("from a stranger", good.clone(), foreign.to_vec(), "the Origin header does not name this service"),
        ("from a sibling", good.clone(), sibling.to_vec(), "the Origin header does not name this service"),
        ("beside an API token", vec![file()], program.to_vec(), missing),
    ];
    for (what, parts, headers, check) in refused {
        let answer = import(&mut editor, &parts, &headers).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (403, "csrf_failed".to_owned()), "{what}");
        assert_eq!(check_of(&answer), check, "{what}");
    }
    let answer = import_to(&mut editor, &query, &[file()], &[]).await;
    assert_eq!(check_of(&answer), missing, "an address is no place for a token");
    service.stop().await;
}

#[tokio::test]
async fn a_session_of_yesterday_has_no_tokens_today() {
    let service = TestService::start(Concord, &[]).await;
    let mut editor = service.browser_as(Role::Editor).await;
    let own = editor.token().to_owned();
    let cookies = editor.cookies();
    let request = editor.request(Method::POST, "/api/v1/auth/logout").header("x-csrf-token", &own);
    assert!(editor.send(request.body(Bytes::new()).unwrap()).await.status.is_success());
    // Somebody kept the cookie and the token: both are dead.
    let headers = [("cookie", cookies.as_str()), ("x-csrf-token", own.as_str())];
    let answer = import(&mut editor, &[file()], &headers).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated".to_owned()));
    service.stop().await;
}

#[tokio::test]
async fn while_clients_learn_to_send_tokens_it_is_only_reported() {
    let metrics = Metrics::install();
    let lines = Captured::default();
    let logging = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
    let logging = Logging::new(&logging, &Clock::system(), lines.clone());
    let _here = tracing::subscriber::set_default(logging.subscriber());
    let service = TestService::start(Concord, &[("CSRF_MODE", "report")]).await;
    let mut editor = service.browser_as(Role::Editor).await;
    let own = editor.token().to_owned();

    let without = import(&mut editor, &[file()], &[]).await;
    let foreign =
        import(&mut editor, &[token(&own), file()], &[("origin", "https://stranger.example")]).await;
    let good = import(&mut editor, &[token(&own), file()], &[]).await;
    for answer in [&without, &foreign, &good] {
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["message"]),
            (200, &json!("Imported 1 schema(s)"))
        );
    }
    let counted = metrics.render();
    for check in ["token_missing", "origin"] {
        let line = format!("csrf_reported_total{{check=\"{check}\"}} 1\n");
        assert!(counted.contains(&line), "{check}: {counted}");
        let logged = lines.text();
        let line = logged.lines().find(|line| line.contains(&format!("\"check\":\"{check}\"")));
        assert!(line.is_some_and(|line| line.contains("\"level\":\"WARN")), "{check}: {logged}");
    }
    // Who may not, may not: the flag is about forgery and about nothing else.
    let mut viewer = service.browser_as(Role::Viewer).await;
    assert_eq!(import(&mut viewer, &[file()], &[]).await.code(), "forbidden");
    let answer = import(&mut service.browser().await, &[file()], &[]).await;
    assert_eq!(answer.code(), "unauthenticated");
    service.stop().await;
}

#[tokio::test]
async fn evil_origins_change_nothing_and_a_friend_learns_why() {
    const FRIEND: &str = "https://friend.example";
    let service = TestService::start(Concord, &[("CORS_ORIGINS", FRIEND)]).await;
    let mut editor = service.browser_as(Role::Editor).await;
    let (own, origin) =
        (editor.token().to_owned(), service.started().runtime.listen.public_url.origin().to_owned());
    let (host, port) = origin.trim_start_matches("http://").split_once(':').unwrap();
    let evil = [
        "null".to_owned(),
        String::new(),
        "*".to_owned(),
        FRIEND.to_owned(),
        format!("{FRIEND}.evil.example"),
        format!("http://{host}.evil.example:{port}"),
        format!("http://evil-{host}:{port}"),
        format!("http://{host}:{port}.evil.example"),
        format!("http://{host}:{port}0"),
        format!("http://{host}"),
        format!("http://{host}:1"),
        format!("https://{host}:{port}"),
        format!("HTTP://{host}:{port}"),
        format!("http://{}:{port}/", host.to_uppercase()),
        format!("http://{host}.:{port}"),
        format!("http://{host}:{port}/"),
        format!("http://evil.example@{host}:{port}"),
        format!("http://{host}:{port}@evil.example"),
        format!("http://xn--{host}-9uf:{port}"),
        format!("{origin} {origin}"),
        format!("{origin}, https://evil.example"),
    ];
    for evil in &evil {
        for content_type in ["application/json", "text/plain"] {
            let mut request = editor.request(Method::POST, "/api/v1/schemas").header("x-csrf-token", &own);
            let headers = request.headers_mut().unwrap();
            headers.insert(header::ORIGIN, evil.parse().unwrap());
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            let answer = editor.send(request.body(Bytes::from(schema("cars").to_string())).unwrap()).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (403, "csrf_failed".to_owned()), "{evil}");
            let granted = if evil == FRIEND { FRIEND } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), granted, "{evil}");
            assert!(answer.header("vary").contains("Origin"), "{evil}");
        }
    }
    // From our own page, JSON that says it is text is not taken for JSON.
    for (content_type, status) in [("text/plain", 415), ("application/json", 201)] {
        let request = editor.request(Method::POST, "/api/v1/schemas").header("x-csrf-token", &own);
        let request = request.header(header::CONTENT_TYPE, content_type);
        let answer = editor.send(request.body(Bytes::from(schema("cars").to_string())).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    service.stop().await;
}
