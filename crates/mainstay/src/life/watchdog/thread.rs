//! The thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::observer::{Look, Observer, TICK};
use super::vitals::{Gait, Vitals};
use crate::accept::Pulse;
use crate::critical;
use crate::health::{Latch, Readiness};
use crate::life::{Conductor, Manager};

/// The thread counts and compares.
const STACK_BYTES: usize = 256 * 1024;

/// An accept loop that has not turned for so long does not turn: it waits at most a second at a time.
const ACCEPT_LOOP_STUCK: Duration = Duration::from_secs(5);

/// The accept loops that are to be watched. Clones share the list.
#[derive(Clone, Debug, Default)]
pub(in crate::life) struct Watched {
    pulses: Arc<Mutex<Vec<Pulse>>>,
}

impl Watched {
    /// Watches one more.
    pub(in crate::life) fn add(&self, pulse: Pulse) {
        self.lock().push(pulse);
    }

    /// Whether all have turned since the last call.
    fn turn(&self) -> bool {
        // Each is asked, also after one that did not answer.
        self.lock().iter().map(Pulse::ask).filter(|turned| !turned).count() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pulse>> {
        // A list that is only pushed to: a panic elsewhere cannot leave it half written.
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a watchdog watches, and whom it tells.
pub(in crate::life) struct Parts {
    pub(in crate::life) clock: Clock,
    pub(in crate::life) runtime: Handle,
    pub(in crate::life) readiness: Readiness,
    pub(in crate::life) vitals: Vitals,
    pub(in crate::life) watched: Watched,
    pub(in crate::life) manager: Manager,
    /// Says when the process stops: that has deadlines of its own.
    pub(in crate::life) conductor: Conductor,
    pub(in crate::life) abort_after: Option<Duration>,
}

/// The thread of the watchdog. It ends when it is told to, or when this is dropped.
#[derive(Debug)]
pub struct Watchdog {
    stop: SyncSender<()>,
    ended: CancellationToken,
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system has no thread to give.
    pub(in crate::life) fn start(parts: Parts) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let run = move || {
            let _guard = guard;
            Guardian::new(parts).watch(&stopped);
        };
        std::thread::Builder::new().name("watchdog".to_owned()).stack_size(STACK_BYTES).spawn(run)?;
        Ok(Self { stop, ended })
    }

    /// Tells the thread to end, and waits until it has.
    ///
    /// # Cancel safety
    ///
    /// Safe: the thread ends also when nobody waits.
    pub async fn stop(self) {
        // Fails when it was told already.
        let _ = self.stop.try_send(());
        self.ended.cancelled().await;
    }
}

/// What the thread holds.
struct Guardian {
    parts: Parts,
    observer: Observer,
    /// The trifle that the runtime was given last: whether it is done.
    done: Arc<AtomicBool>,
    /// Not the registry of the process: a drain waits for that one to be empty.
    tasks: Tasks,
    latch: Option<Latch>,
    unturned: Duration,
    petted: Option<Instant>,
}

impl Guardian {
    fn new(parts: Parts) -> Self {
        let observer = Observer::new(parts.clock.now());
        let done = Arc::new(AtomicBool::new(true));
        Self {
            parts,
            observer,
            done,
            tasks: Tasks::new(),
            latch: None,
            unturned: Duration::ZERO,
            petted: None,
        }
    }

    fn watch(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            let now = self.parts.clock.now();
            let done = self.done.load(Ordering::Acquire);
            let look = self.observer.look(now, done);
            if done {
                self.give_trifle();
            }
            // While the runtime stands still, so does every loop in it: that says nothing of the loops.
            let turned = !done || self.parts.watched.turn();
            self.unturned = if turned { Duration::ZERO } else { self.unturned + TICK };
            let is_accepting = self.unturned < ACCEPT_LOOP_STUCK;
            self.parts.vitals.note(now, look, is_accepting);
            self.tell(look);
            self.pet(now, look.gait, is_accepting);
            self.abort(look.still);
        }
    }

    fn give_trifle(&mut self) {
        self.done.store(false, Ordering::Release);
        let done = Arc::clone(&self.done);
        let _entered = self.parts.runtime.enter();
        self.tasks.spawn("heartbeat", async move { done.store(true, Ordering::Release) });
    }

    fn tell(&mut self, look: Look) {
        let still_ms = millis(look.still);
        match (look.was, look.gait) {
            (Gait::Slow | Gait::Moving | Gait::Recovering, Gait::Stalled) => {
                self.latch.get_or_insert_with(|| self.parts.readiness.hold("stalled"));
                critical!(still_ms, "the runtime stands still: something blocks its threads; not ready");
            }
            (Gait::Moving, Gait::Slow) => {
                tracing::warn!(still_ms, "the runtime is slow: something blocks its threads");
            }
            (_, Gait::Moving) if self.latch.take().is_some() => {
                tracing::info!("the runtime moves again");
            }
            _ => {}
        }
        if let Some(halt) = look.ended {
            metrics::histogram!("runtime_stall_seconds").record(halt.as_secs_f64());
            tracing::info!(halt_ms = millis(halt), "the runtime went on");
        }
    }

    /// Tells systemd that the service is alive, if it is.
    fn pet(&mut self, now: Instant, gait: Gait, is_accepting: bool) {
        let Some(interval) = self.parts.manager.pet_interval() else { return };
        let is_due = self.petted.is_none_or(|petted| now.saturating_duration_since(petted) >= interval);
        let is_alive = (gait != Gait::Stalled && is_accepting) || self.parts.conductor.has_begun();
        if is_due && is_alive {
            self.petted = Some(now);
            self.parts.manager.pet();
        }
    }

    fn abort(&self, still: Duration) {
        if self.parts.abort_after.is_some_and(|limit| still >= limit) && !self.parts.conductor.has_begun() {
            critical!(still_ms = millis(still), "aborting: the runtime stands still (WATCHDOG_ABORT_AFTER)");
            std::process::abort();
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
