//! What the proxy tells Concord, and what it leaves of Concord's answers.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use mainstay::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::browser::{get, request, send};
use crate::place::{instance, nginx};

/// How long a line of the log may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client may claim about itself.
const CLAIMS: &[(&str, &str)] = &[
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "1"),
    ("forwarded", "for=203.0.113.8;proto=http;host=evil.example"),
    ("x-real-ip", "203.0.113.9"),
];

#[tokio::test]
async fn what_a_client_claims_about_itself_is_overwritten() {
    // A recorder in the place of an instance: the bytes that arrive are the question here.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nginx = nginx(&[listener.local_addr().unwrap()]);
    let recorder = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0, "the head is not whole");
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    };

    let (answer, head) = tokio::join!(send(&nginx, get("/api/v1/catalogs", CLAIMS)), recorder);

    assert_eq!(answer.unwrap().status, StatusCode::OK);
    for expected in [
        "host: app.example.org\r\n",
        "x-forwarded-for: 127.0.0.1\r\n",
        "x-forwarded-proto: https\r\n",
        "x-forwarded-host: app.example.org\r\n",
    ] {
        assert!(head.contains(expected), "{expected:?} in {head}");
    }
    for claim in ["203.0.113", "evil.example", "x-forwarded-port", "\r\nforwarded:", "x-real-ip"] {
        assert!(!head.contains(claim), "{claim:?} in {head}");
    }
}

#[tokio::test]
async fn the_security_headers_are_concords_and_stand_once() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);

    for path in ["/", "/login", "/api/v1/catalogs", "/nowhere"] {
        let answer = send(&nginx, get(path, &[])).await.unwrap();
        for name in [
            "strict-transport-security",
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "permissions-policy",
            "cross-origin-opener-policy",
            "x-request-id",
        ] {
            assert_eq!(answer.all(name).len(), 1, "{name} of {path}: {:?}", answer.headers);
        }
        assert_eq!(answer.all("server"), ["nginx"], "no version");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_refused_by_concord() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);

    let mut foreign = get("/api/v1/catalogs", &[]);
    foreign.headers_mut().insert("host", "evil.example".parse().unwrap());
    let answer = send(&nginx, foreign).await.unwrap();

    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "host_not_allowed"));
    service.stop().await;
}

#[tokio::test]
async fn metrics_are_not_passed_on() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);
    let token = format!("Bearer {}", service.token(Role::Operator).await);

    for path in ["/metrics", "/drill/panic", "/drill/slow?ms=1"] {
        let answer = send(&nginx, get(path, &[("authorization", &token)])).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    service.stop().await;
}

#[tokio::test]
async fn plain_http_redirects_pages_and_refuses_the_rest() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);
    let ask = async |bytes: &str| {
        let answer = mainstay_testkit::raw::exchange(nginx.plain_address(), bytes.as_bytes()).await.unwrap();
        String::from_utf8(answer).unwrap()
    };

    let page = ask("GET /login?next=/ HTTP/1.0\r\nhost: evil.example\r\n\r\n").await;
    let api =
        ask("GET /api/v1/catalogs HTTP/1.0\r\nhost: app.example.org\r\nauthorization: Bearer x\r\n\r\n")
            .await;
    let form = ask("POST /login HTTP/1.0\r\nhost: app.example.org\r\ncontent-length: 0\r\n\r\n").await;

    assert!(page.starts_with("HTTP/1.1 301 "), "{page}");
    assert!(page.contains("\r\nLocation: https://app.example.org/login?next=/\r\n"), "{page}");
    assert!(api.starts_with("HTTP/1.1 403 "), "{api}");
    assert!(form.starts_with("HTTP/1.1 403 "), "{form}");
    service.stop().await;
}

#[tokio::test]
async fn a_change_by_a_token_goes_through() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);
    let token = format!("Bearer {}", service.token(Role::Editor).await);
    let schema = Bytes::from_static(
        br#"{"name":"tea","version":"1.0.0","dimensions":[{"name":"kind","type":"enum","values":["green"],"required":true}]}"#,
    );

    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let answer = send(&nginx, request("POST", "/api/v1/schemas", &headers, schema)).await.unwrap();

    assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
    service.stop().await;
}

#[tokio::test]
async fn the_access_log_has_no_query() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);
    let claims = &[("referer", "https://app.example.org/found?by=my-name"), ("user-agent", "a browser")];
    let line_of = async |target: &str, status: u16| {
        let mut cursor = nginx.process().printed_lines();
        let answer = send(&nginx, get(target, claims)).await.unwrap();
        assert_eq!(answer.status.as_u16(), status, "{target}");
        let line = nginx.process().next_line(&mut cursor, PATIENCE).expect("a line for each request");
        assert!(line.starts_with("127.0.0.1 [") && line.contains(&format!("\" {status} ")), "{line}");
        assert!(!line.contains("private") && !line.contains("my-name"), "{line}");
        line
    };

    for (target, path, status) in [
        ("/api/v1/catalogs?private=my-name", "/api/v1/catalogs", 401),
        // What nginx answers itself is known by the path that was asked for, too.
        ("/metrics?private=my-name", "/metrics", 404),
        ("/api/v1/catalogs", "/api/v1/catalogs", 401),
    ] {
        let line = line_of(target, status).await;
        assert!(line.contains(&format!("\"GET {path} HTTP/1.1\" ")), "{line}");
        assert!(line.ends_with("\"a browser\""), "{line}");
    }
    // Of what nginx does not read to its end it writes nothing that was asked for.
    line_of(&format!("/api/v1/catalogs?private={}", "a".repeat(9_000)), 414).await;
    service.stop().await;
}
