//! Every refusal of the pipeline, through the whole edge.

mod compositions;
mod mounted;
mod proof;
mod records;

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use mainstay_core::Clock;
use serde_json::{Value, json};

use super::{Defences, Edge, Exchange, RequestSettings};
use crate::accept::Peer;
use crate::controls::target::TargetLimits;
use crate::extract::{Form, Json, Path, Query};
use crate::routes::{DescribeRequest, DescribeResponse, Operation};
use crate::telemetry::metrics::Metrics;
use crate::{Control, ErrorCode, Refusal, Routes};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    x: usize,
    y: Vec<u32>,
}

/// An answer whose first bytes are fine and whose rest panics.
struct Torn;

impl axum::response::IntoResponse for Torn {
    fn into_response(self) -> axum::response::Response {
        let frames = futures_util::stream::iter(0..2).map(|at| {
            assert!(at == 0, "planted: a body that panics half way");
            Ok::<_, std::convert::Infallible>(Bytes::from_static(b"half"))
        });
        Body::from_stream(frames).into_response()
    }
}

impl DescribeResponse for Torn {
    fn describe(_: &mut Operation, _: &mut schemars::SchemaGenerator) {}
}

/// An extractor that panics.
struct Trap;

impl<S: Sync> axum::extract::FromRequestParts<S> for Trap {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut http::request::Parts, _: &S) -> Result<Self, Refusal> {
        panic!("planted: an extractor that panics")
    }
}

impl DescribeRequest for Trap {}

/// Axum's own extractor, which knows nothing of our refusals.
struct Foreign(Bytes);

impl<S: Send + Sync> axum::extract::FromRequest<S> for Foreign {
    type Rejection = axum::extract::rejection::BytesRejection;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Self::Rejection> {
        <Bytes as axum::extract::FromRequest<S>>::from_request(request, state).await.map(Self)
    }
}

impl DescribeRequest for Foreign {}

fn routes() -> Routes {
    Routes::at("/api")
        .get("/hello", async |exchange: Exchange| Json(exchange.request_id().to_string()))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .post("/point", async |Json(point): Json<Point>| Json(point.y.len() + point.x))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .post("/form", async |Form(point): Form<Value>| Json(point))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/query", async |Query(point): Query<Value>| Json(point))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/number/{number}", async |Path(number): Path<u8>| Json(number))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .post("/foreign", async |body: Foreign| Json(body.0.len()))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/panic", async || -> Json<u8> { panic!("planted: a handler that panics") })
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/trap", async |_: Trap| Json(0))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/torn", async || Torn)
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/hang", async || -> Json<u8> { std::future::pending().await })
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/teapot", async || Err::<Json<u8>, _>(Refusal::new(ErrorCode::Conflict).message("<taken>")))
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/secret", async || {
            Err::<Json<u8>, _>(
                Refusal::new(ErrorCode::DatabaseUnavailable)
                    .message("secret")
                    .retry_after(Duration::from_millis(1200)),
            )
        })
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/anywhere", async || Json(1))
        .waive(Control::Host, "answers for every name")
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
}

fn edge() -> Edge {
    let settings = RequestSettings {
        target: TargetLimits { query_bytes: 64, query_fields: 3 },
        body_bytes: 100,
        ..RequestSettings::default()
    };
    let edge = Edge::new(
        Defences::for_nobody(settings, Clock::system()),
        Clock::system(),
        Metrics::new().http().clone(),
    );
    edge.install(routes(), ErrorCode::NotFound).unwrap();
    edge
}

fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, "localhost")
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Result<Bytes, axum::Error>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request, and checks what every answer must have.
async fn send(edge: &Edge, request: Request<Body>) -> Answer {
    let address = "192.0.2.1:4711".parse().unwrap();
    let (head, body) = edge.answer(request, Peer { address, local: address }).await.into_parts();
    let id = head.headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    assert_eq!(head.headers["x-content-type-options"], "nosniff");
    assert!(head.headers.contains_key(header::CACHE_CONTROL));
    let body = body.collect().await.map(http_body_util::Collected::to_bytes);
    let answer = Answer { status: head.status, headers: head.headers, body };
    let is_json = answer
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json; charset=utf-8");
    if answer.status.as_u16() >= 400 && is_json {
        assert_eq!(answer.json()["error"]["request_id"], *id);
    }
    answer
}

async fn send_json(edge: &Edge, path: &str, body: impl Into<Body>) -> Answer {
    let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
    send(edge, request.body(body.into()).unwrap()).await
}

async fn get(edge: &Edge, path: &str) -> Answer {
    send(edge, request(Method::GET, path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_success_passes() {
    let edge = edge();
    let hello = get(&edge, "/api/hello").await;
    assert_eq!(hello.status, 200);
    assert_eq!(hello.headers["cache-control"], "no-store");
    assert_eq!(hello.json(), hello.headers["x-request-id"].to_str().unwrap());
    assert_eq!(send_json(&edge, "/api/point", r#"{"x":1,"y":[1,2]}"#).await.json(), 3);
    assert_eq!(get(&edge, "/api/query?a=b&c=%20").await.json(), json!({"a": "b", "c": " "}));
    assert_eq!(get(&edge, "/api/number/7").await.json(), 7);
    let head = send(&edge, request(Method::HEAD, "/api/hello").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.body.unwrap().len()), (200, 0));
}

#[tokio::test]
async fn refusals_of_the_router() {
    let edge = edge();
    for path in ["/", "/api", "/api/hello/", "/nope", "/api/%2e%2e/hello", "/api/hello%2f", "/api//hello"] {
        let answer = get(&edge, path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{path}");
    }
    let wrong = send(&edge, request(Method::DELETE, "/api/hello").body(Body::empty()).unwrap()).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(wrong.headers["allow"], "GET,HEAD");
    let odd = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(send(&edge, request(odd, "/api/hello").body(Body::empty()).unwrap()).await.status, 405);
}

#[tokio::test]
async fn refusals_of_the_head() {
    let edge = edge();
    let rows = [
        ("/api/query?a=1&b=2&c=3&d=4".to_owned(), "bad_request"),
        (format!("/api/query?{}", "a".repeat(65)), "uri_too_long"),
        (format!("/{}", "a".repeat(9000)), "uri_too_long"),
        ("/api/number/%00".to_owned(), "bad_request"),
        ("/api/number/%ff".to_owned(), "bad_request"),
        ("/api/number/300".to_owned(), "bad_request"),
        ("/api/number/x".to_owned(), "bad_request"),
    ];
    for (path, code) in rows {
        assert_eq!(get(&edge, &path).await.code(), code, "{path}");
    }
    for hosts in [&[][..], &["a.org", "a.org"], &["user@localhost"], &["b.org"]] {
        let mut request = Request::builder().uri("/api/hello");
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let answer = send(&edge, request.body(Body::empty()).unwrap()).await;
        let code = if hosts == ["b.org"] { "host_not_allowed" } else { "bad_request" };
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{hosts:?}");
    }
    let waived = Request::builder().uri("/api/anywhere").header(header::HOST, "b.org").body(Body::empty());
    assert_eq!(send(&edge, waived.unwrap()).await.status, 200);
}

#[tokio::test]
async fn refusals_of_the_body() {
    let edge = edge();
    let rows = [
        ("", "malformed_body", ""),
        ("{", "malformed_body", ""),
        (r#"{"x":1,"x":1,"y":[]}"#, "malformed_body", ""),
        (r#"{"x":"1","y":[]}"#, "validation_failed", "x"),
        (r#"{"x":1,"y":[1,"2"]}"#, "validation_failed", "y[1]"),
        (r#"{"x":1}"#, "validation_failed", ""),
        ("[]", "validation_failed", ""),
    ];
    for (body, code, field) in rows {
        let answer = send_json(&edge, "/api/point", body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, code), "{body}");
        assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{body}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"] {
        let post = request(Method::POST, "/api/point").header(header::CONTENT_TYPE, content_type);
        assert_eq!(send(&edge, post.body("{}".into()).unwrap()).await.status, 415, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_is_bounded_whether_declared_or_not() {
    let edge = edge();
    let text = format!("\"{}\"", "a".repeat(200));
    let declared = request(Method::POST, "/api/point").header(header::CONTENT_LENGTH, "202");
    assert_eq!(send(&edge, declared.body(text.clone().into()).unwrap()).await.code(), "payload_too_large");
    for path in ["/api/point", "/api/foreign"] {
        let chunks = futures_util::stream::iter(
            text.clone()
                .into_bytes()
                .chunks(7)
                .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
                .collect::<Vec<_>>(),
        );
        let answer = send_json(&edge, path, Body::from_stream(chunks)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"), "{path}");
    }
    let broken =
        futures_util::stream::iter([Ok(Bytes::from_static(b"[")), Err(std::io::Error::other("gone"))]);
    assert_eq!(send_json(&edge, "/api/point", Body::from_stream(broken)).await.code(), "bad_request");
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_told_apart_from_a_slow_handler() {
    let edge = edge();
    for path in ["/api/point", "/api/foreign"] {
        let silent = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let answer = send_json(&edge, path, silent).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (408, "request_timeout"), "{path}");
    }
    let hung = get(&edge, "/api/hang").await;
    assert_eq!((hung.status.as_u16(), hung.code().as_str()), (504, "handler_timeout"));
}

#[tokio::test]
async fn panics_are_refusals() {
    let edge = edge();
    for path in ["/api/panic", "/api/trap"] {
        let answer = get(&edge, path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "internal_error"), "{path}");
        assert!(!answer.json().to_string().contains("planted"));
    }
    let torn = get(&edge, "/api/torn").await;
    assert_eq!(torn.status, 200);
    assert!(torn.body.is_err(), "a torn answer is broken off, not ended");
}

#[tokio::test]
async fn one_shape_in_three_forms() {
    let edge = edge();
    let with = |accept: &str| {
        request(Method::GET, "/api/teapot").header(header::ACCEPT, accept).body(Body::empty()).unwrap()
    };
    let problem = send(&edge, with("application/problem+json")).await;
    assert_eq!(problem.headers["content-type"], "application/problem+json");
    assert_eq!(problem.json()["code"], "conflict");
    assert_eq!(problem.json()["status"], 409);
    let page = send(&edge, with("text/html")).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let text = String::from_utf8(page.body.unwrap().to_vec()).unwrap();
    assert!(text.contains("&lt;taken&gt;") && !text.contains("<taken>"), "{text}");
}

#[tokio::test]
async fn a_fault_of_ours_says_nothing_of_itself() {
    let edge = edge();
    let answer = get(&edge, "/api/secret").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "database_unavailable"));
    assert_eq!(answer.headers["retry-after"], "2");
    assert_eq!(answer.json()["error"]["retry_after"], 2);
    assert!(!answer.json().to_string().contains("secret"));
}

#[test]
fn registrations_are_checked_as_a_whole() {
    let settings = RequestSettings::default();
    let ok = async || Json(0);
    let routes = Routes::new()
        .public()
        .get("/twice", ok)
        .get("/twice", ok)
        .get("no-slash", ok)
        .get("/{a}", ok)
        .get("/{b}", ok)
        .get("/unfinished/{", ok)
        .get("/silent", ok)
        .waive(Control::Host, " ");
    let edge = Edge::new(
        Defences::for_nobody(settings, Clock::system()),
        Clock::system(),
        Metrics::new().http().clone(),
    );
    let problems = edge.install(routes, ErrorCode::NotFound).unwrap_err();
    assert_eq!(problems.len(), 6, "{problems:#?}");
    assert_eq!(edge.table().rows().len(), 0, "nothing is installed half");
}
