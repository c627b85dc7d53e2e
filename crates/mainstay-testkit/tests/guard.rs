//! What stands before every handler, through a whole service and its socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where its ground gives way")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use bytes::Bytes;
use http::{Method, Request};
use mainstay::life::App;
use mainstay::{BuildError, ErrorCode, Json, Refusal, Role, Routes, Service};
use mainstay_db::Migrations;
use mainstay_testkit::{Answer, Client, SECURITY_HEADERS, TestService, raw};
use serde_json::{Value, json};

const FRIEND: &str = "https://friend.example";
const STRANGER: &str = "https://stranger.example";
const FRIENDLY: [(&str, &str); 1] = [("CORS_ORIGINS", FRIEND)];

/// Counts what reaches its handlers.
#[derive(Clone, Default)]
struct Guarded {
    reached: Arc<AtomicUsize>,
}

impl Guarded {
    fn reached(&self) -> usize {
        self.reached.load(Ordering::Relaxed)
    }
}

impl Service for Guarded {
    const NAME: &'static str = "guarded";
    const VERSION: &'static str = "0.0.1";
    const ABOUT: &'static str = "A service for tests.";
    type Settings = ();
    type State = Self;

    fn routes(&self) -> Routes<Self> {
        Routes::new()
            .tag("Guarded")
            .get("/open", count)
            .public()
            .get("/see", count)
            .role(Role::Viewer)
            .post("/write", write)
            .role(Role::Editor)
            .get("/silent", count)
            .get("/conflict", refuse)
            .public()
            .get("/panic", fall)
            .public()
            .post("/form", write)
            .public()
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, _: &mut App<()>) -> Result<Self, BuildError> {
        Ok(self.clone())
    }
}

async fn count(State(guarded): State<Guarded>) -> Json<usize> {
    Json(guarded.reached.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn write(State(guarded): State<Guarded>, Json(_): Json<Value>) -> Json<usize> {
    count(State(guarded)).await
}

async fn refuse() -> Result<Json<usize>, Refusal> {
    Err(Refusal::new(ErrorCode::Conflict))
}

async fn fall() -> Json<usize> {
    panic!("planted")
}

/// Sends a request without a body, with headers of its own.
async fn ask(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Bytes::new()).unwrap()).await
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn who_brings_no_good_token_is_nobody() {
    let guarded = Guarded::default();
    let service = TestService::start(guarded.clone(), &[]).await;
    let client = service.client();
    let token = service.token(Role::Operator).await;
    let typing_error = token.replacen("mst_", "mst-", 1);
    let unknown = mainstay::identity::ApiTokenText::generate();
    for authorization in [
        None,
        Some("Bearer".to_owned()),
        Some(format!("Bearer {typing_error}")),
        Some(format!("Bearer {}", unknown.expose())),
        Some(format!("Bearer {token} {token}")),
        Some(format!("Basic {token}")),
    ] {
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        for (method, path) in [(Method::GET, "/see"), (Method::POST, "/write"), (Method::GET, "/silent")] {
            let answer = ask(&client, method, path, &headers).await;
            assert_eq!(told(&answer), refused(401, "unauthenticated"), "{path} {authorization:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    // From an address a token is never taken.
    let answer = client.get(&format!("/see?access_token={token}&token={token}")).await;
    assert_eq!(told(&answer), refused(401, "unauthenticated"));
    assert_eq!(guarded.reached(), 0);
    service.stop().await;
}

#[tokio::test]
async fn a_role_opens_what_demands_it_or_less() {
    let guarded = Guarded::default();
    let service = TestService::start(guarded.clone(), &[]).await;
    let rows = [(Role::Viewer, [200, 403, 403]), (Role::Editor, [200, 200, 403]), (Role::Operator, [200; 3])];
    for (role, statuses) in rows {
        let client = service.client_as(role).await;
        let before = guarded.reached();
        let answers = [
            client.get("/see").await,
            client.post("/write", &json!({})).await,
            // A route that says nothing of itself is for operators.
            client.get("/silent").await,
        ];
        assert_eq!(answers.each_ref().map(|answer| answer.status.as_u16()), statuses, "{role:?}");
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.code() == "forbidden"));
        assert_eq!(guarded.reached() - before, statuses.iter().filter(|status| **status == 200).count());
    }
    service.stop().await;
}

#[tokio::test]
async fn a_public_change_needs_a_page_or_a_program() {
    let guarded = Guarded::default();
    let service = TestService::start(guarded.clone(), &[]).await;
    let answer = service.client().post("/form", &json!({})).await;
    assert_eq!(told(&answer), refused(403, "csrf_failed"));
    assert_eq!(guarded.reached(), 0);
    assert_eq!(service.client_as(Role::Viewer).await.post("/form", &json!({})).await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn every_answer_tells_browsers_what_it_is() {
    let service = TestService::start(Guarded::default(), &[("MAX_REQUEST_SIZE_MB", "1")]).await;
    let (nobody, viewer) = (service.client(), service.client_as(Role::Viewer).await);
    let large = nobody.request(Method::POST, "/form").header("content-type", "application/json");
    // The client checks the headers of each: what is listed here is every way in which an answer is made.
    let answers = [
        (200, nobody.get("/open").await),
        (200, nobody.get("/health").await),
        (401, nobody.get("/see").await),
        (403, viewer.get("/silent").await),
        (404, nobody.get("/nothing").await),
        (405, nobody.delete("/open").await),
        (409, nobody.get("/conflict").await),
        (413, nobody.send(large.body(Bytes::from(vec![b' '; 2_000_000])).unwrap()).await),
        (400, nobody.send(foreign("/open")).await),
        (500, nobody.get("/panic").await),
    ];
    for (status, answer) in &answers {
        assert_eq!(answer.status.as_u16(), *status, "{}", answer.text());
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("strict-transport-security"), "", "https is promised where it is used");
    }
    // What never became a request.
    for bytes in ["GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"] {
        let answer = raw::exchange(nobody.address(), bytes.as_bytes()).await.unwrap();
        assert_eq!(raw::statuses(&answer), [400]);
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        for name in SECURITY_HEADERS {
            assert_eq!(text.matches(&format!("\r\n{name}: ")).count(), 1, "{name}: {text}");
        }
    }
    service.stop().await;
}

/// A request for somebody else's name.
fn foreign(path: &str) -> Request<Bytes> {
    Request::get(path).header("host", "stranger.example").body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn https_is_promised_where_it_is_used() {
    let settings = [("PUBLIC_URL", "https://app.example.org"), ("HSTS_MAX_AGE", "365d")];
    let service = TestService::start(Guarded::default(), &settings).await;
    for path in ["/health/live", "/nothing"] {
        let answer = service.client().get(path).await;
        assert!(answer.header("strict-transport-security").starts_with("max-age="), "{path}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_friend_may_read_why_it_was_refused() {
    let service = TestService::start(Guarded::default(), &FRIENDLY).await;
    let client = service.client();
    for (path, status) in [("/open", 200), ("/see", 401), ("/nothing", 404), ("/panic", 500)] {
        for (origin, granted) in [(FRIEND, FRIEND), (STRANGER, ""), ("null", "")] {
            let answer = ask(&client, Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(answer.status.as_u16(), status);
            assert_eq!(answer.header("access-control-allow-origin"), granted, "{path} {origin}");
            assert!(answer.header("vary").to_lowercase().contains("origin"), "{path} {origin}");
        }
    }
    service.stop().await;
    // Nobody is a friend unless the settings say so.
    let service = TestService::start(Guarded::default(), &[("CORS_ORIGINS", "")]).await;
    let answer = ask(&service.client(), Method::GET, "/open", &[("origin", FRIEND)]).await;
    assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), ("", ""));
    service.stop().await;
}

#[tokio::test]
async fn a_preflight_is_answered_before_anything_else() {
    let guarded = Guarded::default();
    let service = TestService::start(guarded.clone(), &FRIENDLY).await;
    let client = service.client();
    let preflight = async |origin, method| {
        let headers = [("origin", origin), ("access-control-request-method", method)];
        ask(&client, Method::OPTIONS, "/write", &headers).await
    };
    let answer = preflight(FRIEND, "POST").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("access-control-allow-origin"), FRIEND);
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    for (origin, method) in [(STRANGER, "POST"), (FRIEND, "DELETE")] {
        let answer = preflight(origin, method).await;
        assert_eq!(told(&answer), refused(403, "forbidden"), "{origin} {method}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(guarded.reached(), 0);
    service.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_in_the_same_shape_by_http2() {
    let guarded = Guarded::default();
    let service = TestService::start(guarded.clone(), &[]).await;
    let address = service.client().address();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (requests, connection) = h2::client::handshake(stream).await.unwrap();
    let tasks = mainstay_core::Tasks::new();
    let connection = tasks.spawn("client", connection);
    let mut requests = requests.ready().await.unwrap();
    for (bytes, status, code) in [(30_000, 200, ""), (40_000, 431, "headers_too_large"), (100_000, 431, "")] {
        let request = Request::get(format!("http://{address}/open")).header("x-long", "a".repeat(bytes));
        let (answer, _) = requests.send_request(request.body(()).unwrap(), true).unwrap();
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut text = Vec::new();
        while let Some(piece) = body.data().await {
            text.extend_from_slice(&piece.unwrap());
        }
        let found = serde_json::from_slice::<Value>(&text).ok();
        let found = found.and_then(|body| body["error"]["code"].as_str().map(str::to_owned));
        assert_eq!((head.status.as_u16(), found.unwrap_or_default().as_str()), (status, code), "{bytes}");
        // Beyond what is read at all the library below answers, and says nothing more.
        assert_eq!(head.headers.contains_key("content-security-policy"), bytes < 100_000, "{bytes}");
    }
    assert_eq!(guarded.reached(), 1);
    drop(requests);
    connection.await.unwrap().unwrap();
    service.stop().await;
}
