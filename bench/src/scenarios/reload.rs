//! Handing over to a new process while 2,000 requests arrive in each second.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::binary::{Binary, Build};
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::sample::timed;
use crate::scenarios::{SETTINGS, folder};
use crate::service::Service;

/// Requests in each second, of all clients together.
const RATE: u32 = 2_000;
const CLIENTS: u32 = 40;
/// How often it is handed over.
const RELOADS: u32 = 3;
/// Before the first, between two, and after the last.
const REST: Duration = Duration::from_secs(2);

/// What became of all requests.
#[derive(Default)]
struct Outcome {
    ended: AtomicBool,
    answered: AtomicU32,
    refused: AtomicU32,
    failed: AtomicU32,
    stale: AtomicU32,
}

/// Measures it.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let mut service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    let outcome = Outcome::default();
    let mut longest = Duration::ZERO;
    let (process, took) = thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (outcome, address, clock) = (&outcome, service.address, clock.clone());
            let client = move || ask(address, outcome, &clock, number);
            thread::Builder::new().spawn_scoped(scope, client).context("no thread for a client")?;
        }
        let reloaded = timed(clock, || {
            thread::sleep(REST);
            let mut process = 0;
            for _ in 0..RELOADS {
                let (serves, took) = timed(clock, || reload(&binary, folder.path()))?;
                (process, longest) = (serves, longest.max(took));
                thread::sleep(REST);
            }
            Ok(process)
        });
        outcome.ended.store(true, Ordering::Relaxed);
        reloaded
    })?;
    ensure!(service.ended()?.success(), "the first process did not end cleanly");
    kill_process(Pid::from_raw(process).context("a process has a positive id")?, Signal::TERM)?;

    let count = |count: &AtomicU32| f64::from(count.load(Ordering::Relaxed));
    let name = |what: &str| format!("reload, {RELOADS} times under {RATE} requests/s, {what}");
    Ok(vec![
        Figure::new(name("answered"), count(&outcome.answered) / took.as_secs_f64(), "/s"),
        Figure::new(name("connections refused"), count(&outcome.refused), "").at_most(0.0),
        Figure::new(name("requests reset or failed"), count(&outcome.failed), "").at_most(0.0),
        Figure::new(name("idle connections closed under a request"), count(&outcome.stale), "").at_most(0.0),
        Figure::new(name("longest"), longest.as_secs_f64(), "s"),
    ])
}

/// Hands over, and gives the process that serves then.
fn reload(binary: &Binary, folder: &std::path::Path) -> Result<i32> {
    let mut command = Command::new(&binary.path);
    let output = command.arg("reload").current_dir(folder).env_clear().stdin(Stdio::null()).output();
    let output = output.context("cannot start concord")?;
    let talk = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "concord reload ended with {}: {talk}", output.status);
    let process = talk.split("process ").filter_map(|rest| rest.split(' ').next()?.parse().ok()).last();
    process.with_context(|| format!("concord reload names no process: {talk}"))
}

/// One client: a request each so many milliseconds, whether the one before was answered in time or not. It keeps its
/// connection for as long as the answers allow it.
fn ask(address: std::net::SocketAddr, outcome: &Outcome, clock: &Clock, number: u32) {
    let interval = Duration::from_secs(1) * CLIENTS / RATE;
    let begun = clock.now() + interval * number / CLIENTS;
    let mut kept: Option<Connection> = None;
    let count = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed);
    for turn in 0.. {
        thread::sleep((begun + interval * turn).saturating_duration_since(clock.now()));
        if outcome.ended.load(Ordering::Relaxed) {
            return;
        }
        let is_kept = kept.is_some();
        let Ok(mut connection) = kept.take().map_or_else(|| Connection::open(address), Ok) else {
            count(&outcome.refused);
            continue;
        };
        match connection.exchange(&Request::get("/health/live")) {
            Ok(_) => {
                count(&outcome.answered);
                kept = (!connection.is_over()).then_some(connection);
            }
            // The protocol lets a server close a connection without a request, and has the client ask again.
            Err(_) if is_kept && connection.is_unanswered() => {
                count(&outcome.stale);
            }
            Err(_) => {
                count(&outcome.failed);
            }
        }
    }
}
