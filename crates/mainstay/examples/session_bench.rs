//! What it costs to know who is asking: `cargo run --release -p mainstay --example session_bench`.
//!
//! Opens the session of a request over and over: with the session in the cache, and straight from a store.

#![expect(clippy::print_stdout, reason = "a program that prints its measurements")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use mainstay::keys::Keys;
use mainstay::session::{
    CacheKind, MemoryStore, SessionCookie, SessionParts, SessionSettings, SessionStore, Sessions, SqlStore,
    Standing,
};
use mainstay::settings::secret_key;
use mainstay::telemetry::metrics::Metrics;
use mainstay_core::{Clock, Tasks, random};
use mainstay_db::{Database, DatabaseSettings, MigratedBy};

/// Sessions that take turns.
const SESSIONS: usize = 10_000;
const REQUESTS: usize = 1_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let database = Database::open(&DatabaseSettings::in_memory(), &clock).await?;
    let by = MigratedBy { version: "0".into(), instance: "bench".into() };
    mainstay::migrations().up(&database, &clock, None, &by).await?;
    let memory = || Arc::new(MemoryStore::new(2 * SESSIONS)) as Arc<dyn SessionStore>;
    let sql = Arc::new(SqlStore::new(database));
    measure("in the cache", CacheKind::Memory, memory(), REQUESTS, 1).await?;
    measure("in the cache, two at once", CacheKind::Memory, memory(), REQUESTS, 2).await?;
    measure("in the store in memory", CacheKind::Off, memory(), REQUESTS, 1).await?;
    measure("in the database", CacheKind::Off, sql, REQUESTS / 50, 1).await
}

async fn measure(
    what: &str,
    cache: CacheKind,
    store: Arc<dyn SessionStore>,
    requests: usize,
    at_once: usize,
) -> Result<(), Box<dyn Error>> {
    let (clock, tasks) = (Clock::system(), Tasks::new());
    let sessions = Sessions::new(SessionParts {
        settings: SessionSettings { cache, ..SessionSettings::default() },
        cookie: SessionCookie::new(true, true),
        keys: &Keys::new(&secret_key::generate(), &[]),
        store,
        clock: clock.clone(),
        tasks: tasks.clone(),
        meter: Metrics::new().sessions().clone(),
    });
    let mut browsers = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS.min(requests) {
        browsers.push(sign_in(&sessions, &clock).await?);
    }
    let browsers = Arc::new(browsers);
    // Once round, so that all are where they will be found.
    open(&sessions, &browsers, browsers.len(), &clock).await;
    let workers = (0..at_once).map(|_| {
        let (sessions, browsers, clock) = (sessions.clone(), Arc::clone(&browsers), clock.clone());
        tasks.spawn("bench", async move { open(&sessions, &browsers, requests, &clock).await })
    });
    let workers: Vec<_> = workers.collect();
    let mut slowest = Duration::ZERO;
    let mut times = Vec::new();
    for worker in workers {
        let (took, mut each) = worker.await?;
        slowest = slowest.max(took);
        times.append(&mut each);
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 1_000).copied().unwrap_or_default();
    let mean = slowest.as_nanos() / u128::try_from(requests)?;
    println!("{what}: mean {mean} ns, median {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    Ok(())
}

/// A request's headers, with the cookie of a user who has signed in.
async fn sign_in(sessions: &Sessions, clock: &Clock) -> Result<HeaderMap, Box<dyn Error>> {
    let session = sessions.open(&HeaderMap::new(), [192, 0, 2, 1].into()).await;
    let user = random::uuid(clock);
    session.sign_in(user, sessions.epoch(user).await?)?;
    let line = sessions.save(&session, StatusCode::OK).await?.ok_or("no cookie")?;
    let pair = line.to_str()?.split(';').next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, HeaderValue::from_str(pair)?);
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Mozilla/5.0"));
    Ok(headers)
}

/// Opens sessions in turn. Returns the time of all, and that of each.
async fn open(
    sessions: &Sessions,
    browsers: &[HeaderMap],
    requests: usize,
    clock: &Clock,
) -> (Duration, Vec<Duration>) {
    let mut times = Vec::with_capacity(requests);
    let began = clock.now();
    let mut before = began;
    for headers in browsers.iter().cycle().take(requests) {
        let session = sessions.open(headers, [192, 0, 2, 1].into()).await;
        assert!(matches!(session.standing(), Standing::SignedIn(_)));
        let now = clock.now();
        times.push(now - before);
        before = now;
    }
    (before - began, times)
}
