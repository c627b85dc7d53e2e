//! Admission as a client meets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::future::join_all;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use mainstay_core::Clock;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::accept::Peer;
use crate::admission::{Admission, AdmissionSettings, LaneSnapshot};
use crate::controls::cors::CorsSettings;
use crate::controls::csrf::CsrfSettings;
use crate::controls::headers::HstsSettings;
use crate::degradation::Circuit;
use crate::extract::Json;
use crate::identity::Callers;
use crate::keys::Keys;
use crate::pipeline::{DefenceParts, Defences};
use crate::routes::{DescribeResponse, Operation, Priority};
use crate::settings::secret_key;
use crate::telemetry::metrics::Metrics;
use crate::{Control, Edge, ErrorCode, RequestSettings, Routes};

const SECOND: Duration = Duration::from_secs(1);

/// Work that waits to be let go.
#[derive(Clone)]
struct Work {
    begun: watch::Sender<usize>,
    go: Arc<Semaphore>,
}

/// A service with so many permits in each lane.
struct Site {
    edge: Edge,
    admission: Admission,
    work: Work,
}

/// An answer that goes on for ever.
struct Endless;

impl axum::response::IntoResponse for Endless {
    fn into_response(self) -> Response {
        let bytes = futures_util::stream::repeat(Bytes::from_static(b"."));
        Body::from_stream(bytes.map(Ok::<_, std::convert::Infallible>)).into_response()
    }
}

impl DescribeResponse for Endless {
    fn describe(_: &mut Operation, _: &mut schemars::SchemaGenerator) {}
}

async fn work(State(work): State<Work>) -> Json<u8> {
    work.begun.send_modify(|begun| *begun += 1);
    work.go.acquire().await.unwrap().forget();
    Json(1)
}

impl Site {
    fn new(limit: u32) -> Self {
        Self::before(limit, Arc::new(|| None))
    }

    /// With something behind it that may be out.
    fn before(limit: u32, circuit: Circuit) -> Self {
        let clock = Clock::system();
        let settings = AdmissionSettings {
            min: limit,
            start: limit,
            max: limit,
            queue: 1,
            ..AdmissionSettings::default()
        };
        let admission = Admission::before(&settings, &clock, circuit);
        let defences = Defences::new(DefenceParts {
            requests: RequestSettings::default(),
            cors: &CorsSettings::default(),
            csrf: &CsrfSettings::default(),
            hsts: &HstsSettings::default(),
            public_origin: "http://localhost",
            callers: Callers::nobody(),
            admission: admission.clone(),
            keys: &Keys::new(&secret_key::generate(), &[]),
            clock: clock.clone(),
        });
        let edge = Edge::new(defences, clock, Metrics::new().http().clone());
        let work = Work { begun: watch::Sender::new(0), go: Arc::new(Semaphore::new(0)) };
        edge.install(routes().with_state(work.clone()), ErrorCode::NotFound).unwrap();
        Self { edge, admission, work }
    }

    async fn ask(&self, method: &str, path: &str, body: Body) -> Response {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
        let address = "192.0.2.1:1000".parse().unwrap();
        self.edge.answer(request, Peer { address, local: address }).await
    }

    async fn get(&self, path: &str) -> StatusCode {
        self.ask("GET", path, Body::empty()).await.status()
    }

    fn quick(&self) -> LaneSnapshot {
        self.admission.snapshot().lanes[0]
    }
}

fn routes() -> Routes<Work> {
    const WHY: &str = "no page of ours calls it";
    let route = |routes: Routes<Work>| routes.public().waive(Control::Csrf, WHY);
    let routes = route(Routes::new().get("/work", work));
    let routes = route(routes.get("/slow", work)).slow();
    let routes = route(routes.get("/sign-in", work)).priority(Priority::Identity);
    let routes = route(routes.post("/body", async |Json(value): Json<u8>| Json(value)));
    let routes = route(routes.get("/endless", async || Endless));
    route(routes.get("/probe", async || Json(1))).waive(Control::Admission, "it costs nothing")
}

#[tokio::test]
async fn beyond_the_limit_clients_are_told_when_to_come_back() {
    let site = Site::new(5);
    let busy = join_all((0..4).map(|_| site.get("/work")));
    let meanwhile = async {
        site.work.begun.subscribe().wait_for(|begun| *begun == 4).await.unwrap();
        // One waits, and has waited in vain by the time that it is answered; the other has no place to wait.
        let (one, other) =
            tokio::join!(site.ask("GET", "/work", Body::empty()), site.ask("GET", "/work", Body::empty()));
        for answer in [one, other] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            let wait = answer.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"]["code"], "overloaded");
            assert_eq!(body["error"]["retry_after"], wait);
        }
        // Who signs in finds the reserve, slow work its own lane, a probe an answer, and nothing is nothing.
        site.work.go.add_permits(0);
        let (reserve, slow, probe, nothing) = (
            site.get("/sign-in"),
            site.get("/slow"),
            async { assert_eq!(site.get("/probe").await, StatusCode::OK) },
            async { assert_eq!(site.get("/nothing").await, StatusCode::NOT_FOUND) },
        );
        let release = async {
            site.work.begun.subscribe().wait_for(|begun| *begun == 6).await.unwrap();
            site.work.go.add_permits(6);
        };
        let (reserve, slow, (), (), ()) = tokio::join!(reserve, slow, probe, nothing, release);
        assert_eq!((reserve, slow), (StatusCode::OK, StatusCode::OK));
    };
    let (answers, ()) = tokio::join!(busy, meanwhile);
    assert_eq!(answers, [StatusCode::OK; 4]);
    let lane = site.quick();
    assert_eq!((lane.in_flight, lane.queued), (0, 0));
    assert_eq!(lane.turned_away[Priority::Default.index()], 2);
    assert_eq!(lane.admitted[Priority::Identity.index()], 1);
}

#[tokio::test]
async fn a_dependency_that_holds_up_the_work_is_named_in_place_of_overload() {
    let out = Arc::new(AtomicBool::new(true));
    let site = {
        let out = Arc::clone(&out);
        Site::before(2, Arc::new(move || out.load(Ordering::Relaxed).then_some(7 * SECOND)))
    };
    let busy = site.get("/work");
    let meanwhile = async {
        site.work.begun.subscribe().wait_for(|begun| *begun == 1).await.unwrap();
        let refused = site.ask("GET", "/work", Body::empty()).await;
        let wait: u64 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((7..=11).contains(&wait), "{wait}");
        assert_eq!(code_of(refused).await, "circuit_open");
        // With the circuit closed again it is our own load, which is told apart.
        out.store(false, Ordering::Relaxed);
        assert_eq!(code_of(site.ask("GET", "/work", Body::empty()).await).await, "overloaded");
        site.work.go.add_permits(1);
    };
    let (answer, ()) = tokio::join!(busy, meanwhile);
    assert_eq!(answer, StatusCode::OK);
    assert_eq!(site.quick().turned_away[Priority::Default.index()], 2);
}

async fn code_of(answer: Response) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn clients_that_drip_their_bodies_hold_no_permits() {
    let site = Site::new(2);
    let (mut drips, bodies): (Vec<_>, Vec<_>) = (0..20)
        .map(|_| {
            let (drip, drops) = mpsc::channel::<Bytes>(1);
            let drops = futures_util::stream::unfold(drops, async |mut drops| {
                drops.recv().await.map(|drop| (Ok::<_, std::convert::Infallible>(drop), drops))
            });
            (drip, Body::from_stream(drops))
        })
        .unzip();
    let dripping = join_all(bodies.into_iter().map(|body| site.ask("POST", "/body", body)));
    let meanwhile = async {
        // There is nothing to subscribe to: the figures are for operators.
        while site.quick().waiting_for_clients < 20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.quick().in_flight, 0);
        site.work.go.add_permits(1);
        assert_eq!(site.get("/work").await, StatusCode::OK);
        // All at once they want their permits back, of which there is one.
        for drip in drips.drain(..) {
            drip.send(Bytes::from_static(b"7")).await.unwrap();
        }
    };
    let (answers, ()) = tokio::join!(dripping, meanwhile);
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    let lane = site.quick();
    assert_eq!((lane.in_flight, lane.waiting_for_clients, lane.queued), (0, 0, 0));
}

#[tokio::test]
async fn clients_that_leave_half_way_leave_nothing_behind() {
    let site = Site::new(2);
    for _ in 0..10 {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let mut asking = Box::pin(site.ask("POST", "/body", body));
        assert!(futures_util::poll!(&mut asking).is_pending());
        assert_eq!(site.quick().waiting_for_clients, 1);
    }
    let lane = site.quick();
    assert_eq!((lane.in_flight, lane.waiting_for_clients), (0, 0));
}

#[tokio::test]
async fn answers_that_go_on_hold_no_permits() {
    let site = Site::new(2);
    let mut streams = Vec::new();
    for _ in 0..10 {
        let answer = site.ask("GET", "/endless", Body::empty()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        streams.push(answer.into_body());
    }
    for stream in &mut streams {
        assert!(stream.frame().await.unwrap().is_ok());
    }
    assert_eq!(site.quick().in_flight, 0);
}
