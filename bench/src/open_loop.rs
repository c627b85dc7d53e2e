//! Load at a constant rate of arrivals, whatever becomes of the answers.
//!
//! A client that waits for an answer before it asks again asks less of a service that is slow: it measures its own
//! politeness. Here each request has its moment, given by the rate alone, and its latency counts from that moment, also
//! when the client itself came late. Many threads with a connection each take the moments in turn; there have to be
//! enough of them for all requests that are under way at once, and [`Outcome::late`] tells how often there were not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use mainstay_core::Clock;

use crate::http::{Connection, Request};
use crate::sample::{Sample, milliseconds};

/// An answer that comes later than this is of no use to anybody.
const USEFUL: Duration = Duration::from_secs(2);
/// A client that is later than this was not there when it should have asked.
const LATE: Duration = Duration::from_millis(200);
/// Threads of clients hold next to nothing.
const STACK_BYTES: usize = 128 * 1_024;

/// What is asked, how often, and for how long.
pub(crate) struct Load<'a> {
    /// The request.
    pub(crate) request: Request<'a>,
    /// How many a second.
    pub(crate) rate: f64,
    /// For how long.
    pub(crate) time: Duration,
    /// How much of that is not counted, at its begin.
    pub(crate) warm_up: Duration,
}

/// What became of the requests.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Answered with 200 while it was of use.
    pub(crate) good: u32,
    /// Told to come back later, by 503.
    pub(crate) turned_away: u32,
    /// Anything else: another status, a connection that broke, an answer that came too late.
    pub(crate) failed: u32,
    /// Sent later than they should have been.
    pub(crate) late: u32,
    /// Of the good ones, in milliseconds.
    pub(crate) latencies: Sample,
    /// How long those who were turned away had waited for that, in milliseconds.
    pub(crate) waits: Sample,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.good += other.good;
        self.turned_away += other.turned_away;
        self.failed += other.failed;
        self.late += other.late;
        self.latencies.extend(other.latencies);
        self.waits.extend(other.waits);
    }
}

/// Lets each client ask as soon as it has its answer. Tells how many were 200, and how long it took.
///
/// # Errors
///
/// When a thread cannot be started, or a connection breaks.
pub(crate) fn closed_loop(
    clock: &Clock,
    request: Request<'_>,
    time: Duration,
    connections: &mut [Connection],
) -> Result<(u32, Duration)> {
    let start = clock.now();
    let answered = thread::scope(|scope| {
        let client = |connection: &mut Connection| -> Result<u32> {
            let mut answered = 0;
            while clock.now().saturating_duration_since(start) < time {
                connection.send(&request)?;
                answered += u32::from(connection.receive(&mut std::io::sink())? == 200);
            }
            Ok(answered)
        };
        let spawn = |connection| {
            let builder = thread::Builder::new().name("client".to_owned()).stack_size(STACK_BYTES);
            builder.spawn_scoped(scope, move || client(connection))
        };
        let clients: Vec<_> = connections.iter_mut().map(spawn).collect();
        let mut all = 0;
        for client in clients {
            all += client?.join().ok().context("a client panicked")??;
        }
        anyhow::Ok(all)
    })?;
    Ok((answered, clock.now() - start))
}

impl Load<'_> {
    /// Puts the load on `connections`, each with a thread of its own.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub(crate) fn run(&self, clock: &Clock, connections: &mut [Connection]) -> Result<Outcome> {
        let (start, next) = (clock.now(), AtomicU32::new(0));
        // The moments are counted from a start that all clients share.
        let since_start = || clock.now().saturating_duration_since(start);
        thread::scope(|scope| {
            let client = |connection| {
                let next = &next;
                let work = move || self.client(since_start, next, connection);
                thread::Builder::new()
                    .name("client".to_owned())
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, work)
            };
            let clients: Vec<_> = connections.iter_mut().map(client).collect();
            let mut all = Outcome::default();
            for client in clients {
                let client = client.context("cannot start a client")?;
                all.add(client.join().ok().context("a client panicked")?);
            }
            Ok(all)
        })
    }

    /// One client: takes the next moment, waits for it, asks.
    fn client(
        &self,
        since_start: impl Fn() -> Duration,
        next: &AtomicU32,
        connection: &mut Connection,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        loop {
            let offset = f64::from(next.fetch_add(1, Ordering::Relaxed)) / self.rate;
            if offset >= self.time.as_secs_f64() {
                return outcome;
            }
            let due = Duration::from_secs_f64(offset);
            thread::sleep(due.saturating_sub(since_start()));
            let late = since_start().saturating_sub(due) > LATE;
            let status = connection.send(&self.request).map_err(anyhow::Error::from);
            let status = status.and_then(|()| connection.receive(&mut std::io::sink()));
            let took = since_start().saturating_sub(due);
            if status.is_err() {
                // Whatever is wrong with it will show again at once, or be over.
                let _ = connection.reopen();
            }
            if offset < self.warm_up.as_secs_f64() {
                continue;
            }
            outcome.late += u32::from(late);
            match status {
                Ok(200) if took <= USEFUL => {
                    outcome.good += 1;
                    outcome.latencies.add(milliseconds(took));
                }
                Ok(503) => {
                    outcome.turned_away += 1;
                    outcome.waits.add(milliseconds(took));
                }
                Ok(_) | Err(_) => outcome.failed += 1,
            }
        }
    }
}
