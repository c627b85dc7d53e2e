//! From half of what the service can do to three times as much.
//!
//! The work is a matrix of few items and many rules: much to compute, little to send, so that the clients, which run on
//! the same machine, take next to nothing of it. A small stream of questions about sessions, of the priority of signing
//! in, goes on beside it. First the capacity is found by a few clients that wait for their answers, then load comes at a
//! constant rate ([`open_loop`](crate::open_loop)). What counts are the ratios of one run, on a machine that does nothing
//! else; a run in which the clients themselves came late says nothing of the service, and is no run.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;
use serde_json::json;

use crate::binary::{Binary, Build};
use crate::data;
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::open_loop::{Load, Outcome, closed_loop};
use crate::process;
use crate::sample::{Sample, mebibytes};
use crate::scenarios::{COMPACT, SETTINGS, folder};
use crate::service::Service;

const ITEMS: usize = 600;
const RULES: usize = 80;
/// What is asked of the service, in parts of its capacity.
const LOADS: [f64; 5] = [0.5, 1.0, 1.5, 2.0, 3.0];
/// How many clients find the capacity, and how many there are for the load.
const FEW: usize = 8;
const MANY: usize = 600;
const CAPACITY_TIME: Duration = Duration::from_secs(6);
const LOAD_TIME: Duration = Duration::from_secs(18);
const WARM_UP: Duration = Duration::from_secs(8);
const COUNTED: Duration = Duration::from_secs(10);
/// Questions about sessions, a second, and their clients.
const SESSIONS: f64 = 20.0;
const SESSION_CLIENTS: usize = 16;
/// After so long the memory of a load is given back.
const REST: Duration = Duration::from_secs(10);
const SETTLED_MIB: f64 = 64.0;
/// So much of the load may come late.
const LATE_PERCENT: f64 = 5.0;

/// The rates of clients are not what is measured here, and they may be silent until their moment has come.
const OWN_SETTINGS: [(&str, &str); 4] = [
    ("RATE_LIMIT_ENABLED", "no"),
    ("LOG_LEVEL", "warn"),
    ("HEADER_READ_TIMEOUT", "5m"),
    ("KEEP_ALIVE_TIMEOUT", "5m"),
];

/// What one load did.
struct Stage {
    load: f64,
    goodput: f64,
    work: Outcome,
    sessions: Outcome,
}

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let settings = [&SETTINGS[..], &OWN_SETTINGS].concat();
    let service = Service::start(clock, &binary, folder.path(), &settings)?;
    data::import(&service, ITEMS)?;
    data::import_long_ruleset(&service, RULES)?;
    let connect = |count| (0..count).map(|_| service.connect()).collect::<Result<Vec<_>>>();
    let (mut clients, mut askers) = (connect(MANY)?, connect(SESSION_CLIENTS)?);

    let capacity = capacity(clock, &mut clients[..FEW])?;
    let unloaded = sessions(clock, &mut askers, CAPACITY_TIME)?.latencies.quantile(0.99)?;
    let before = process::memory(service.process())?.resident;
    let mut stages = Vec::new();
    for load in LOADS {
        stages.push(stage(clock, load, capacity, &mut clients, &mut askers)?);
    }
    thread::sleep(REST);
    let after = process::memory(service.process())?.resident;
    service.stop()?;
    Ok(figures(capacity, unloaded, &stages, mebibytes(after.saturating_sub(before))))
}

/// The body that asks for the work.
fn work() -> String {
    json!({ "catalog_name": data::CATALOGUE, "ruleset_name": data::LONG_RULESET }).to_string()
}

/// How many a second a few clients get that wait for their answers.
fn capacity(clock: &Clock, clients: &mut [Connection]) -> Result<f64> {
    let body = work();
    let request = Request::post("/api/v1/evaluate/matrix", &body).accepting(COMPACT);
    let (answered, took) = closed_loop(clock, request, CAPACITY_TIME, clients)?;
    ensure!(answered > 0, "not one matrix was answered");
    Ok(f64::from(answered) / took.as_secs_f64())
}

/// The stream of questions about sessions alone.
fn sessions(clock: &Clock, askers: &mut [Connection], time: Duration) -> Result<Outcome> {
    let request = Request::get("/api/v1/auth/session");
    let warm_up = if time > WARM_UP { WARM_UP } else { Duration::ZERO };
    Load { request, rate: SESSIONS, time, warm_up }.run(clock, askers)
}

/// A part of the capacity, or several times as much, with the questions beside it.
fn stage(
    clock: &Clock,
    load: f64,
    capacity: f64,
    clients: &mut [Connection],
    askers: &mut [Connection],
) -> Result<Stage> {
    let body = work();
    let request = Request::post("/api/v1/evaluate/matrix", &body).accepting(COMPACT);
    let work = Load { request, rate: load * capacity, time: LOAD_TIME, warm_up: WARM_UP };
    let (work, sessions) = thread::scope(|scope| {
        let beside = thread::Builder::new().name("askers".to_owned());
        let beside = beside.spawn_scoped(scope, || sessions(clock, askers, LOAD_TIME))?;
        let work = work.run(clock, clients)?;
        let sessions = beside.join().ok().context("the askers panicked")??;
        anyhow::Ok((work, sessions))
    })?;
    let goodput = f64::from(work.good) / COUNTED.as_secs_f64();
    let of = |sample: &Sample, share| sample.quantile(share).unwrap_or_default();
    anstream::eprintln!(
        "==> {load:.1} × {capacity:.0}/s: {goodput:.0}/s good in {:.0} ms, {} turned away in {:.0} ms, {} failed, {} late; sessions: {} good in {:.1} ms, {} turned away, {} failed",
        of(&work.latencies, 0.5),
        work.turned_away,
        of(&work.waits, 0.5),
        work.failed,
        work.late,
        sessions.good,
        of(&sessions.latencies, 0.99),
        sessions.turned_away,
        sessions.failed,
    );
    let asked = work.good + work.turned_away + work.failed;
    let late = 100.0 * f64::from(work.late) / f64::from(asked.max(1));
    ensure!(
        late <= LATE_PERCENT,
        "{late:.0} % of the load came late: the clients were too slow for this machine"
    );
    Ok(Stage { load, goodput, work, sessions })
}

fn figures(capacity: f64, unloaded: f64, stages: &[Stage], left_mib: f64) -> Vec<Figure> {
    let mut figures = vec![Figure::new("overload, capacity", capacity, "/s")];
    let peak = stages.iter().map(|stage| stage.goodput).fold(0.0, f64::max);
    for stage in stages {
        let name = format!("overload, at {:.1} times the capacity, ", stage.load);
        let good = 100.0 * stage.goodput / peak;
        // What must hold is less than nine tenths lost, so the figure is what is lost.
        let lost = Figure::new(format!("{name}goodput lost to the peak"), 100.0 - good, "%");
        // Without one good answer there is no end to the wait.
        let p99 = stage.sessions.latencies.quantile(0.99).unwrap_or(f64::INFINITY);
        let p99 = Figure::new(format!("{name}session, 99 in 100, of the unloaded"), p99 / unloaded, "×");
        let is_last = stage.load >= LOADS[LOADS.len() - 1];
        figures.push(if is_last { lost.at_most(10.0) } else { lost });
        figures.push(if is_last { p99.at_most(2.0) } else { p99 });
        let failed = f64::from(stage.work.failed + stage.sessions.failed);
        figures.push(Figure::new(format!("{name}failed without a word when to come back"), failed, ""));
    }
    figures.push(Figure::new("overload, session unloaded, 99 in 100", unloaded, "ms"));
    figures.push(Figure::new("overload, memory that stays", left_mib, "MiB").at_most(SETTLED_MIB));
    figures
}
