//! Each row of the decision table, through the whole edge, and the bounds of what is kept.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Request, StatusCode, header};
use http_body_util::BodyExt;
use mainstay_core::{Clock, ManualClock};

use super::last::{Key, LastAnswers};
use super::*;
use crate::accept::Peer;
use crate::identity::Identity;
use crate::pipeline::{Defences, RequestSettings};
use crate::routes::{DescribeResponse, Operation};
use crate::telemetry::metrics::Metrics;
use crate::{Edge, Json, PageNonce, Refusal, Role, Routes};

/// What the handlers answer, and how often they were asked.
#[derive(Clone, Default)]
struct Behaviour {
    refuse: Arc<Mutex<Option<ErrorCode>>>,
    asked: Arc<AtomicUsize>,
    circuit: Arc<Mutex<Option<Duration>>>,
}

impl Behaviour {
    /// The number of the call, or what the database says.
    fn answer(&self) -> Result<String, Refusal> {
        let call = self.asked.fetch_add(1, Ordering::Relaxed);
        match *self.refuse.lock().unwrap() {
            Some(code) => Err(Refusal::new(code)),
            None => Ok(format!("call {call}")),
        }
    }

    fn refuse(&self, code: impl Into<Option<ErrorCode>>) {
        *self.refuse.lock().unwrap() = code.into();
    }
}

/// Any answer, described as none.
struct Any(Response);

impl IntoResponse for Any {
    fn into_response(self) -> Response {
        self.0
    }
}

impl DescribeResponse for Any {
    fn describe(_: &mut Operation, _: &mut schemars::SchemaGenerator) {}
}

struct Site {
    edge: Edge,
    behaviour: Behaviour,
    hands: ManualClock,
}

const MAX_AGE: Duration = Duration::from_mins(1);

fn routes(behaviour: &Behaviour) -> Routes {
    let handler = || {
        let behaviour = behaviour.clone();
        async move || behaviour.answer().map(Json)
    };
    // Answers with these headers.
    let with = |headers: &'static [(HeaderName, &'static str)]| {
        let behaviour = behaviour.clone();
        async move || {
            let mut answer = behaviour.answer()?.into_response();
            for (name, value) in headers {
                answer.headers_mut().append(name, value.parse().unwrap());
            }
            Ok::<_, Refusal>(Any(answer))
        }
    };
    let sized = |size: usize| {
        let behaviour = behaviour.clone();
        async move || behaviour.answer().map(|_| Any("x".repeat(size).into_response()))
    };
    let streamed = {
        let behaviour = behaviour.clone();
        async move || {
            let text = behaviour.answer()?;
            let frames = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(text))]);
            Ok::<_, Refusal>(Any(Body::from_stream(frames).into_response()))
        }
    };
    let whose = {
        let behaviour = behaviour.clone();
        async move |_: Option<Identity>| behaviour.answer().map(Json)
    };
    let page = {
        let behaviour = behaviour.clone();
        async move |_: PageNonce| behaviour.answer().map(Json)
    };
    Routes::new()
        .get("/fails", handler())
        .public()
        .post("/change", handler())
        .public()
        .waive(crate::Control::Csrf, "no page of ours calls it")
        .read_only()
        .get("/stale", handler())
        .public()
        .stale(MAX_AGE)
        .get("/public", with(&[(header::CACHE_CONTROL, "public, max-age=5"), (header::VARY, "Accept")]))
        .public()
        .stale(MAX_AGE)
        .get("/no-store", with(&[(header::CACHE_CONTROL, "max-age=0, No-Store")]))
        .public()
        .stale(MAX_AGE)
        .get("/private", with(&[(header::CACHE_CONTROL, "private")]))
        .public()
        .stale(MAX_AGE)
        .get("/cookie", with(&[(header::SET_COOKIE, "a=b")]))
        .public()
        .stale(MAX_AGE)
        .get("/vary", with(&[(header::VARY, "accept, cookie")]))
        .public()
        .stale(MAX_AGE)
        .get("/whose", whose)
        .public()
        .stale(MAX_AGE)
        .get("/page", page)
        .public()
        .stale(MAX_AGE)
        .get("/streamed", streamed)
        .public()
        .stale(MAX_AGE)
        .get("/largest", sized(256 * 1024))
        .public()
        .stale(MAX_AGE)
        .get("/too-large", sized(256 * 1024 + 1))
        .public()
        .stale(MAX_AGE)
}

impl Site {
    fn new() -> Self {
        Self::keeping(DegradationSettings::default())
    }

    fn keeping(settings: DegradationSettings) -> Self {
        let (clock, hands) = Clock::manual();
        let behaviour = Behaviour::default();
        let circuit = Arc::clone(&behaviour.circuit);
        let degraded = Degraded::new(settings, &clock, Arc::new(move || *circuit.lock().unwrap()));
        let defences = Defences::for_nobody(RequestSettings::default(), clock.clone()).degrading(degraded);
        // The deadline of a request is real time, and the clock of the edge with it.
        let edge = Edge::new(defences, Clock::system(), Metrics::new().http().clone());
        edge.install(routes(&behaviour), ErrorCode::NotFound).unwrap();
        Self { edge, behaviour, hands }
    }

    async fn send(&self, request: http::request::Builder) -> (StatusCode, HeaderMap, String) {
        let address = "192.0.2.1:4711".parse().unwrap();
        let request = request.header(header::HOST, "localhost").body(Body::empty()).unwrap();
        let (head, body) = self.edge.answer(request, Peer { address, local: address }).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, String::from_utf8_lossy(&body).into_owned())
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        self.send(Request::get(path)).await
    }

    /// Asks once in good times and once without a database; says whether the first answer stood in.
    async fn stands_in(&self, path: &str) -> bool {
        self.behaviour.refuse(None);
        let (status, _, good) = self.get(path).await;
        assert_eq!(status, 200, "{path}");
        self.behaviour.refuse(ErrorCode::DatabaseUnavailable);
        let (status, headers, text) = self.get(path).await;
        let stood_in = headers.contains_key(header::WARNING);
        assert_eq!((status == 200, text == good), (stood_in, stood_in), "{path}");
        stood_in
    }
}

#[tokio::test]
async fn an_old_answer_stands_in_for_each_refusal_of_the_database() {
    let site = Site::new();
    let (_, headers, good) = site.get("/stale?page=1").await;
    assert!(!headers.contains_key(header::AGE) && !headers.contains_key(header::WARNING));
    site.hands.advance(Duration::from_secs(42));
    for code in ErrorCode::ALL {
        site.behaviour.refuse(*code);
        let (status, headers, text) = site.get("/stale?page=1").await;
        let expected = [
            ErrorCode::PoolExhausted,
            ErrorCode::DatabaseUnavailable,
            ErrorCode::QueryTimeout,
            ErrorCode::CircuitOpen,
        ];
        if expected.contains(code) {
            assert_eq!((status.as_u16(), &text), (200, &good), "{code:?}");
            assert_eq!(headers[header::AGE], "42");
            assert_eq!(headers[header::WARNING], "110 - \"Response is Stale\"");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "nobody else keeps it");
        } else {
            assert_eq!(status, code.status(), "{code:?}");
        }
    }
}

#[tokio::test]
async fn it_stands_in_until_it_is_too_old_and_for_the_same_question_only() {
    let site = Site::new();
    site.get("/stale?page=1").await;
    site.behaviour.refuse(ErrorCode::PoolExhausted);
    site.hands.advance(MAX_AGE);
    assert_eq!(site.get("/stale?page=1").await.0, 200);
    for other in ["/stale?page=2", "/stale", "/fails"] {
        assert_eq!(site.get(other).await.0, 503, "{other}");
    }
    let other = Request::get("/stale?page=1").header(header::ACCEPT, "text/csv");
    assert_eq!(site.send(other).await.0, 503, "another representation");
    assert_eq!(site.send(Request::head("/stale?page=1")).await.0, 503);
    site.hands.advance(Duration::from_millis(1));
    assert_eq!(site.get("/stale?page=1").await.0, 503);
}

#[tokio::test]
async fn the_newest_good_answer_is_the_one_that_stands_in() {
    let site = Site::new();
    let (.., first) = site.get("/stale").await;
    let (.., second) = site.get("/stale").await;
    site.hands.advance(Duration::from_secs(1));
    let (.., third) = site.get("/stale").await;
    site.behaviour.refuse(ErrorCode::DatabaseUnavailable);
    let (.., kept) = site.get("/stale").await;
    assert_eq!(kept, third);
    assert!(first != second && second != third);
}

#[tokio::test]
async fn what_is_for_one_caller_or_too_much_is_not_kept() {
    let site = Site::new();
    for path in ["/stale", "/public", "/largest"] {
        assert!(site.stands_in(path).await, "{path}");
    }
    let never = ["/no-store", "/private", "/cookie", "/vary", "/whose", "/page", "/streamed", "/too-large"];
    for path in never {
        assert!(!site.stands_in(path).await, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_may() {
    let site = Site::keeping(DegradationSettings { kept_bytes: 0 });
    assert!(!site.stands_in("/stale").await);
}

#[tokio::test]
async fn what_only_changes_is_not_tried_while_the_circuit_is_not_closed() {
    let site = Site::new();
    assert_eq!(site.send(Request::post("/change")).await.0, 200);
    *site.behaviour.circuit.lock().unwrap() = Some(Duration::from_secs(20));
    let asked = site.behaviour.asked.load(Ordering::Relaxed);
    let (status, headers, text) = site.send(Request::post("/change")).await;
    assert_eq!(status, 503);
    assert!(text.contains("circuit_open"), "{text}");
    let wait: u64 = headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((20..=30).contains(&wait), "{wait}");
    assert_eq!(site.behaviour.asked.load(Ordering::Relaxed), asked);
    assert_eq!(site.get("/fails").await.0, 200, "who reads is let through");
    *site.behaviour.circuit.lock().unwrap() = None;
    assert_eq!(site.send(Request::post("/change")).await.0, 200);
}

#[test]
fn old_answers_are_for_get_only() {
    let wrong = Routes::<()>::new().post("/change", async || Json(1)).public().stale(MAX_AGE);
    let problems = crate::routes::RouteTable::of(wrong, &RequestSettings::default()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("only GET has any"), "{}", problems[0]);
}

fn key(target: impl Into<String>, role: Option<Role>) -> Key {
    Key { target: target.into(), role, accept: None }
}

#[tokio::test]
async fn roles_do_not_share() {
    let last = LastAnswers::new(1 << 20, &Clock::system());
    last.keep(key("/a", Some(Role::Operator)), "secret".into_response()).await.unwrap();
    for other in [None, Some(Role::Viewer), Some(Role::Editor)] {
        assert!(last.find(&key("/a", other), MAX_AGE).is_none(), "{other:?}");
    }
    assert!(last.find(&key("/a", Some(Role::Operator)), MAX_AGE).is_some());
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_the_latest_stays() {
    let last = LastAnswers::new(100 * 1024, &Clock::system());
    let has = |number: usize| last.find(&key(number.to_string(), None), MAX_AGE).is_some();
    for number in 0..1_000 {
        let target = key(number.to_string(), None);
        last.keep(target, "x".repeat(1_000).into_response()).await.unwrap();
        assert!(has(number) && has(number.saturating_sub(20)), "{number}");
        assert!((0..=number).filter(|number| has(*number)).count() <= 50, "{number}");
    }
    last.keep(key("too large", None), "x".repeat(60 * 1024).into_response()).await.unwrap();
    assert!(last.find(&key("too large", None), MAX_AGE).is_none());
    assert!(has(999), "and nothing had to go for it");
}
