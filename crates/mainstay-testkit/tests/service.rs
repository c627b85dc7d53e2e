//! A small service, whole: from the socket to the drain.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use mainstay::life::App;
use mainstay::{BuildError, Control, ErrorCode, Json, Refusal, Role, Routes, Service};
use mainstay_db::Migrations;
use mainstay_testkit::{TestService, raw};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// Answers `/held` only when the test lets it.
#[derive(Clone)]
struct Small {
    held: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl Small {
    fn new() -> Self {
        Self { held: Arc::new(Semaphore::new(0)), arrived: Arc::new(Semaphore::new(0)) }
    }
}

impl Service for Small {
    const NAME: &'static str = "small";
    const VERSION: &'static str = "0.0.1";
    const ABOUT: &'static str = "A service for tests.";
    type Settings = ();
    type State = Self;

    fn routes(&self) -> Routes<Self> {
        Routes::new()
            .tag("Small")
            .get("/held", held)
            .public()
            .post("/echo", echo)
            .public()
            .waive(Control::Csrf, "says nothing but what it is told, whoever asks")
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, _: &mut App<()>) -> Result<Self, BuildError> {
        Ok(self.clone())
    }
}

async fn held(State(small): State<Small>) -> Result<Json<&'static str>, Refusal> {
    small.arrived.add_permits(1);
    let permit = small.held.acquire().await.map_err(|_| Refusal::new(ErrorCode::Draining))?;
    permit.forget();
    Ok(Json("let go"))
}

async fn echo(Json(value): Json<Value>) -> Json<Value> {
    Json(value)
}

#[tokio::test]
async fn it_starts_answers_and_stops() {
    let service = TestService::start(Small::new(), &[]).await;
    let client = service.client();
    assert_eq!(client.get("/health/live").await.json(), json!({"status": "alive"}));
    assert_eq!(client.get("/health/ready").await.json(), json!({"status": "ready"}));
    assert_eq!(client.post("/echo", &json!({"b": 1, "a": 2.0})).await.text(), r#"{"b":1,"a":2.0}"#);
    assert_eq!(client.get("/nothing").await.code(), "not_found");
    assert_eq!(client.get("/metrics").await.code(), "unauthenticated");
    let operator = service.client_as(Role::Operator).await;
    assert!(operator.get("/metrics").await.text().contains(r#"route="/echo",status="200""#));
    assert!(client.get("/openapi.json").await.json()["paths"]["/echo"]["post"].is_object());
    assert!(client.get("/docs").await.text().contains("A service for tests."));
    let service = service.restart().await;
    assert_eq!(service.client().get("/health/ready").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn documents_are_off_where_settings_say_so() {
    let service = TestService::start(Small::new(), &[("DOCS_ENABLED", "no")]).await;
    for path in ["/docs", "/openapi.json"] {
        assert_eq!(service.client().get(path).await.status, 404, "{path}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_loses_no_request_in_flight() {
    const REQUESTS: u32 = 200;
    let small = Small::new();
    // Room for all of them at once: what is turned away is no loss of the drain.
    let settings =
        [("MAX_CONNECTIONS_PER_ADDRESS", "300"), ("ADMISSION_MIN", "512"), ("ADMISSION_START", "512")];
    let service = TestService::start(small.clone(), &settings).await;
    let client = service.client();
    let tasks = mainstay_core::Tasks::new();
    let requests: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let client = client.clone();
            tasks.spawn("request", async move { client.get("/held").await })
        })
        .collect();
    small.arrived.acquire_many(REQUESTS).await.unwrap().forget();

    let address = client.address();
    let stopping = tasks.spawn("stop", service.drain());
    // Once nobody can connect any more, the drain waits for the requests in flight and for nothing else.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    small.held.add_permits(REQUESTS as usize);
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("connection")), (200, "close"));
    }
    let report = stopping.await.unwrap();
    assert!(report.stragglers.is_empty(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_answered_not_reset() {
    let service = TestService::start(Small::new(), &[]).await;
    let address = service.client().address();
    let tasks = mainstay_core::Tasks::new();
    for chunked in [false, true] {
        // A simple client that writes all it has before it reads a byte.
        let answer = tasks.spawn_blocking("simple client", move || {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            let length = if chunked { "Transfer-Encoding: chunked" } else { "Content-Length: 20000000" };
            let head = format!(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes())?;
            for _ in 0..200 {
                let piece = vec![b' '; 100_000];
                if chunked {
                    stream.write_all(b"186a0\r\n")?;
                }
                stream.write_all(&piece)?;
                if chunked {
                    stream.write_all(b"\r\n")?;
                }
            }
            if chunked {
                stream.write_all(b"0\r\n\r\n")?;
            }
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            std::io::Result::Ok(answer)
        });
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(raw::statuses(&answer), [413], "chunked: {chunked}");
        assert!(String::from_utf8_lossy(&answer).contains("payload_too_large"));
    }
    service.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_the_one_shape() {
    let service = TestService::start(Small::new(), &[]).await;
    let address = service.client().address();
    let rows: &[(&str, u16)] = &[
        ("GARBAGE\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\n", 400),
        ("GET /\u{0} HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ];
    for (request, status) in rows {
        let request = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(address, request.as_bytes()).await.unwrap();
        assert_eq!(raw::statuses(&answer), [*status], "{request:?}");
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(
            text.contains("x-request-id: ") && text.contains(r#"{"error":{"code":"bad_request""#),
            "{text}"
        );
    }
    service.stop().await;
}
