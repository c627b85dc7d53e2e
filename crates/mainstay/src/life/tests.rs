use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_core::Clock;
use mainstay_core::settings::{Environment, Setting as _, read_pairs};
use mainstay_db::Migrations;
use tokio::sync::{Notify, oneshot};

use super::{App, Configuration, Plan, Process, PublicUrl, StartError, Started, start};
use crate::routes::RouteTable;
use crate::telemetry::metrics::Metrics;
use crate::{BuildError, Control, Json, RequestSettings, Routes, Service, health};

/// What a build waits for, and what comes of it.
type Hold = oneshot::Receiver<Result<(), BuildError>>;

/// A service whose build and whose one handler can be held up.
#[derive(Default)]
struct Sample {
    build: Option<Mutex<Option<Hold>>>,
    answer: Arc<Notify>,
}

impl Service for Sample {
    const NAME: &'static str = "sample";
    const VERSION: &'static str = "1.2.3";
    const ABOUT: &'static str = "A service for tests.";
    type Settings = ();
    type State = Arc<Notify>;

    fn routes(&self) -> Routes<Arc<Notify>> {
        async fn wait(axum::extract::State(answer): axum::extract::State<Arc<Notify>>) -> Json<&'static str> {
            answer.notified().await;
            Json("waited")
        }
        Routes::new().get("/wait", wait).public()
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, _: &mut App<()>) -> Result<Arc<Notify>, BuildError> {
        let hold = self.build.as_ref().and_then(|hold| hold.lock().unwrap().take());
        if let Some(hold) = hold {
            hold.await??;
        }
        Ok(Arc::clone(&self.answer))
    }
}

fn configuration(pairs: &[(&str, &str)]) -> Configuration<Sample> {
    let mut all = vec![("DATABASE_URL", "sqlite::memory:"), ("PORT", "0")];
    all.retain(|(name, _)| pairs.iter().all(|(given, _)| given != name));
    all.extend_from_slice(pairs);
    let loaded = read_pairs::<Configuration<Sample>>(Environment::Test, &all);
    loaded.settings.unwrap_or_else(|| panic!("{:?}", loaded.report.problems))
}

fn process(grace: Duration) -> Process {
    let plan = Plan::new(Duration::from_secs(20), grace);
    Process::new("1.2.3", Environment::Test, plan, &Clock::system(), Metrics::new())
}

async fn started(process: &Process, sample: &Sample) -> Started {
    start(process, sample, configuration(&[])).await.unwrap()
}

/// Asks by HTTP, on a thread of its own.
async fn get(process: &Process, address: SocketAddr, path: &'static str) -> (u16, String) {
    let ask = move || health::probe(address, path, Duration::from_secs(10), &Clock::system());
    let (status, body) = process.tasks().spawn_blocking("client", ask).await.unwrap().unwrap();
    (status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_answers_and_stops() {
    let process = process(Duration::ZERO);
    let started = started(&process, &Sample::default()).await;
    let get = async |path| get(&process, started.address, path).await;
    assert_eq!(get("/health/live").await, (200, r#"{"status":"alive"}"#.to_owned()));
    assert_eq!(get("/health/ready").await, (200, r#"{"status":"ready"}"#.to_owned()));
    let (status, body) = get("/health").await;
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["status"], "healthy");
    assert_eq!(body["version"], "1.2.3");
    assert_eq!(body["environment"], "test");
    assert_eq!(
        body["dependencies"],
        serde_json::json!({ "database": { "status": "healthy" }, "workers": { "status": "healthy" } })
    );
    assert_eq!(get("/nowhere").await.0, 404);
    let report = process.stop().await;
    assert!(report.is_clean(), "{report}");
    assert!(process.tasks().running().is_empty());
    assert!(TcpListener::bind(started.address).is_ok(), "the port is free again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_answer_while_the_service_is_built() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let process = process(Duration::ZERO);
    let (go, hold) = oneshot::channel();
    let sample = Sample { build: Some(Mutex::new(Some(hold))), ..Sample::default() };
    let starting = {
        let process = process.clone();
        let configuration = configuration(&[("PORT", &port)]);
        process.tasks.clone().spawn("start", async move { start(&process, &sample, configuration).await })
    };
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    let (status, body) = get(&process, address, "/health/ready").await;
    assert_eq!((status, body.contains("not_ready")), (503, true), "{body}");
    assert_eq!(get(&process, address, "/health/live").await.0, 200);
    let (status, body) = get(&process, address, "/wait").await;
    assert_eq!((status, body.contains(r#""code":"migrating""#)), (503, true), "{body}");
    go.send(Ok(())).unwrap();
    starting.await.unwrap().unwrap();
    assert_eq!(get(&process, address, "/health/ready").await.0, 200);
    assert!(process.stop().await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_answered_and_readiness_drops_first() {
    let process = process(Duration::from_millis(300));
    let sample = Sample::default();
    let started = started(&process, &sample).await;
    let waiting = {
        let process = process.clone();
        process.tasks.clone().spawn("waiting", async move { get(&process, started.address, "/wait").await })
    };
    while !process.metrics().render().contains("http_requests_in_flight 1") {
        tokio::task::yield_now().await;
    }
    let stopping = {
        let process = process.clone();
        // Not one of the tasks that stopping waits for.
        mainstay_core::Tasks::new().spawn("stop", async move { process.stop().await })
    };
    process.conductor.begun().await;
    let (status, body) = get(&process, started.address, "/health/ready").await;
    assert_eq!((status, body.as_str()), (503, r#"{"status":"not_ready","reason":"draining"}"#));
    sample.answer.notify_one();
    assert_eq!(waiting.await.unwrap(), (200, r#""waited""#.to_owned()));
    let report = stopping.await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.took >= Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_start_says_what_cures_it_and_leaves_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let first = process(Duration::ZERO);
    let error = start(&first, &Sample::default(), configuration(&[("PORT", &port)])).await.unwrap_err();
    assert_eq!(error.code(), "MS0502");
    let problem = error.problem();
    assert!(problem.help[0].contains(&port), "{problem:?}");
    assert_eq!(problem.place.unwrap().name, "PORT");
    assert!(first.stop().await.is_clean());

    let second = process(Duration::ZERO);
    let (fail, hold) = oneshot::channel();
    fail.send(Err("no ruleset".into())).unwrap();
    let sample = Sample { build: Some(Mutex::new(Some(hold))), ..Sample::default() };
    let error = start(&second, &sample, configuration(&[])).await.unwrap_err();
    assert!(matches!(error, StartError::Build(_)));
    assert_eq!(error.problem().because.as_deref(), Some("no ruleset"));
    assert!(second.stop().await.is_clean());
    assert!(second.tasks().running().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_have_a_listener_of_their_own() {
    let process = process(Duration::ZERO);
    let configuration = configuration(&[("MANAGEMENT_ADDR", "127.0.0.1:0")]);
    let started = start(&process, &Sample::default(), configuration).await.unwrap();
    let management = started.management.unwrap();
    assert_eq!(get(&process, management, "/health/ready").await.0, 200);
    assert!(get(&process, management, "/metrics").await.1.contains("http_requests_total"));
    assert_eq!(get(&process, management, "/wait").await.0, 404);
    assert_eq!(get(&process, started.address, "/metrics").await.0, 404);
    assert!(process.stop().await.is_clean());
}

/// Everything that serves requests stands still; whoever asks what is wrong is answered all the same.
#[test]
fn operators_are_answered_while_every_thread_of_requests_is_blocked() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let entered = runtime.enter();
    let process = process(Duration::ZERO);
    let configuration = configuration(&[("MANAGEMENT_ADDR", "127.0.0.1:0")]);
    let started = runtime.block_on(start(&process, &Sample::default(), configuration)).unwrap();
    let management = started.management.unwrap();
    let ask = |address, path, limit| health::probe(address, path, limit, &Clock::system());
    let operators = |path| ask(management, path, Duration::from_mins(1)).unwrap();

    let tasks = mainstay_core::Tasks::new();
    let (blocked, ready) = std::sync::mpsc::channel();
    let releases: Vec<_> = (0..2)
        .map(|_| {
            let (release, wait) = std::sync::mpsc::channel::<()>();
            let blocked = blocked.clone();
            tasks.spawn("blocks", async move {
                blocked.send(()).unwrap();
                let _ = wait.recv();
            });
            release
        })
        .collect();
    (0..2).for_each(|_| ready.recv().unwrap());

    assert_eq!(operators("/health/live").0.as_u16(), 200);
    assert!(operators("/metrics").1.contains("http_requests_total"));
    assert!(ask(started.address, "/health/live", Duration::from_millis(300)).is_err(), "it is not blocked");
    while operators("/health/ready").1 != r#"{"status":"not_ready","reason":"stalled"}"# {}
    let report: serde_json::Value = serde_json::from_str(&operators("/health").1).unwrap();
    assert_eq!(report["recommendation"]["action"], "restart", "{report}");

    drop(releases);
    while operators("/health/ready").0.as_u16() != 200 {}
    assert_eq!(ask(started.address, "/health/live", Duration::from_mins(1)).unwrap().0.as_u16(), 200);
    assert!(runtime.block_on(process.stop()).is_clean());
    assert!(ask(management, "/health/live", Duration::from_mins(1)).is_err(), "it is still served");
    drop(entered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_answer_while_the_pool_is_exhausted() {
    let process = process(Duration::ZERO);
    let configuration = configuration(&[("DB_POOL_MIN_SIZE", "1"), ("DB_POOL_MAX_SIZE", "1")]);
    let started = start(&process, &Sample::default(), configuration).await.unwrap();
    let held = (started.database.read().await.unwrap(), started.database.write().await.unwrap());
    let before = process.health().snapshot().taken;
    while process.health().snapshot().taken == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&process, started.address, "/health/ready").await.0, 200);
    assert_eq!(get(&process, started.address, "/health").await.0, 200);
    drop(held);
    assert!(process.stop().await.is_clean());
}

#[cfg(feature = "drills")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drills_misbehave_as_told_and_not_where_it_matters() {
    let drilled = process(Duration::ZERO);
    let started = started(&drilled, &Sample::default()).await;
    let get = async |path| get(&drilled, started.address, path).await;
    assert_eq!(get("/drill/slow?ms=1").await, (200, r#"{"waited_ms":1}"#.to_owned()));
    assert_eq!(get("/drill/hold?ms=1").await.0, 200);
    assert_eq!(get("/drill/panic").await.0, 500);
    assert!(drilled.stop().await.is_clean());

    let strict = process(Duration::ZERO);
    let mut configuration = configuration(&[]);
    configuration.runtime.environment = Environment::Production;
    let error = start(&strict, &Sample::default(), configuration).await.unwrap_err();
    assert_eq!(error.code(), "MS0404");
}

#[cfg(feature = "drills")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_takes_the_service_out_and_its_end_brings_it_back() {
    let process = process(Duration::ZERO);
    let started = started(&process, &Sample::default()).await;
    let health = process.health().clone();
    // A thread of its own looks on: nothing of this runtime does.
    let (noticed, seen) = oneshot::channel();
    let look = move || {
        while health.readiness().reason() != Some("stalled") {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let _ = noticed.send(health.ready().status);
    };
    let looking = std::thread::Builder::new().spawn(look).unwrap();
    assert_eq!(get(&process, started.address, "/drill/stall?ms=2000").await.0, 200);
    assert_eq!(seen.await.unwrap(), 503);
    looking.join().unwrap();
    while process.health().readiness().reason().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&process, started.address, "/health/ready").await.0, 200);
    let vitals = process.vitals().runtime();
    assert!(vitals.stalls == 1 && vitals.longest >= Duration::from_secs(1), "{vitals:?}");
    assert!(process.stop().await.is_clean());
}

#[cfg(feature = "drills")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_told_to_end_before_the_requests_are_over() {
    let process = process(Duration::ZERO);
    let sample = Sample::default();
    let started = started(&process, &sample).await;
    let ask = |path| {
        let process = process.clone();
        process.tasks.clone().spawn("asking", async move { get(&process, started.address, path).await })
    };
    let (stream, request) = (ask("/drill/stream?ms=300000"), ask("/wait"));
    while !process.metrics().render().contains("http_requests_in_flight 2") {
        tokio::task::yield_now().await;
    }
    let stopping = {
        let process = process.clone();
        mainstay_core::Tasks::new().spawn("stop", async move { process.stop().await })
    };
    let (status, events) = stream.await.unwrap();
    assert_eq!((status, events.contains("event: end")), (200, true), "{events}");
    // That request was still in hand.
    sample.answer.notify_one();
    assert_eq!(request.await.unwrap().0, 200);
    let report = stopping.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_is_named_and_operators_are_answered_to_the_end() {
    let plan = Plan::new(Duration::from_secs(2), Duration::ZERO);
    let process = Process::new("1.2.3", Environment::Test, plan, &Clock::system(), Metrics::new());
    let sample = Sample::default();
    let configuration = configuration(&[("MANAGEMENT_ADDR", "127.0.0.1:0")]);
    let started = start(&process, &sample, configuration).await.unwrap();
    let (clients, address) = (mainstay_core::Tasks::new(), started.address);
    let ask = move || health::probe(address, "/wait", Duration::from_secs(10), &Clock::system());
    let waiting = clients.spawn_blocking("client", ask);
    while !process.metrics().render().contains("http_requests_in_flight 1") {
        tokio::task::yield_now().await;
    }
    let (told, management) = (oneshot::channel(), started.management.unwrap());
    let operator = {
        let tasks = clients.clone();
        async move |_| {
            let ask = move || health::probe(management, "/health", Duration::from_secs(10), &Clock::system());
            let answer = tasks.spawn_blocking("operator", ask).await?;
            let _ = told.0.send(answer);
            Ok(())
        }
    };
    process.conductor().register(super::Phase::Flush, "operator", operator).unwrap();
    let report = process.stop().await;
    let text = report.to_string();
    assert!(text.contains("connections (streams) failed: cut: GET /wait (1)"), "{text}");
    let (status, body) = told.1.await.unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status.as_u16(), &body["status"]), (200, &"degraded".into()), "{body}");
    assert_eq!(body["recommendation"], serde_json::json!({ "action": "observe", "reasons": [] }));
    assert!(waiting.await.unwrap().is_err());
}

#[test]
fn a_waiver_that_has_ended_stops_a_strict_start_only() {
    let process = process(Duration::ZERO);
    let today = process.clock.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    let strict = [Environment::Staging, Environment::Production];
    for (until, has_ended) in [(today.yesterday().unwrap(), true), (today, false)] {
        let routes =
            Routes::new().get("/hook", async || Json(0)).waive_until(Control::Csrf, "not yet", until);
        let table = RouteTable::of::<()>(routes, &RequestSettings::default()).unwrap();
        for environment in [Environment::Development, Environment::Test].into_iter().chain(strict) {
            let mut runtime = configuration(&[]).runtime;
            runtime.environment = environment;
            let judged = super::listen::judge_waivers(&process, &runtime, &table);
            let code = judged.as_ref().err().map(StartError::code);
            let refused = has_ended && strict.contains(&environment);
            assert_eq!(code, refused.then_some("MS0506"), "{environment:?} {until}");
        }
    }
}

#[test]
fn a_public_url_is_an_origin() {
    let origin = |text| PublicUrl::parse(text).map(|url| url.origin().to_owned());
    assert_eq!(origin("https://App.Example.org:443/").as_deref(), Ok("https://app.example.org"));
    assert_eq!(origin("http://localhost:8080").as_deref(), Ok("http://localhost:8080"));
    for bad in
        ["app.example.org", "ftp://host", "https://u:p@host", "https://host/app", "https://host?x=1", ""]
    {
        assert!(origin(bad).is_err(), "{bad}");
    }
    let of = |address: &str| PublicUrl::of(address.parse().unwrap());
    assert_eq!(of("0.0.0.0:80").origin(), "http://localhost:80");
    assert!(of("[::1]:80").is_loopback() && of("127.0.0.1:80").is_loopback());
    assert!(!of("10.0.0.1:80").is_loopback());
}

#[test]
fn settings_that_cannot_be_together_are_problems() {
    let codes = |environment, pairs: &[(&str, &str)]| -> Vec<(&str, bool)> {
        let report = read_pairs::<(super::ProcessSettings, super::ListenSettings)>(environment, pairs).report;
        report.problems.iter().map(|problem| (problem.code, problem.is_error())).collect()
    };
    let (development, production) = (Environment::Development, Environment::Production);
    assert_eq!(codes(development, &[]), []);
    assert_eq!(codes(production, &[]), []);
    let outside = [("PUBLIC_URL", "http://app.example.org")];
    assert_eq!(codes(development, &outside), [("MS0401", false)]);
    assert_eq!(codes(production, &outside), [("MS0401", true)]);
    let grace = [("SHUTDOWN_GRACE", "6s"), ("SHUTDOWN_TIMEOUT", "10s")];
    assert_eq!(codes(development, &grace), [("MS0402", true)]);
    assert_eq!(codes(production, &[("DEBUG", "yes")]), [("MS0403", false)]);
    assert_eq!(codes(development, &[("DEBUG", "yes")]), []);
    for (environment, debugs) in [(development, true), (Environment::Staging, false), (production, false)] {
        let settings = read_pairs::<super::ProcessSettings>(environment, &[("DEBUG", "yes")]).settings;
        assert_eq!(settings.map(|settings| settings.debug), Some(debugs), "{environment:?}");
    }
    assert_eq!(codes(development, &[("MANAGEMENT_ADDR", "127.0.0.1:8080")]), [("MS0405", true)]);
}

#[test]
fn every_code_is_explained_once() {
    let codes: Vec<_> = super::EXPLANATIONS.iter().map(|explanation| explanation.code).collect();
    assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
    for explanation in super::EXPLANATIONS {
        assert!(explanation.text.lines().all(|line| line.chars().count() <= 88), "{}", explanation.code);
    }
}
