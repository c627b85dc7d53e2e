//! Workers: what runs beside the requests for as long as the process lives.
//!
//! A worker has a name, a [`Restart`] policy and a place in the drain. When it fails or panics, it is started
//! again after a growing wait, until its budget is spent; then it is *faulted*: it stays down, the log says so
//! at the level `CRITICAL`, and the health of the service is degraded. After a cooldown it is tried once more.
//! Workers that start again do so one at a time.
//!
//! An operator may restart a worker at any time ([`Workers::restart`]). One that has failed too often takes an
//! acknowledgement and a reason; every wish is audited.

mod order;
mod restart;
mod status;
mod supervise;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mainstay_core::{Clock, Shutdown, Tasks};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use restart::{Churn, Verdict};
use supervise::{Order, supervise};

use super::drain::{Conductor, HookError, Phase, Stopping};
use crate::health::Finding;
use crate::identity::audit;

pub(crate) use order::MAX_REASON_CHARS;
pub use order::{Acknowledgement, RestartRefused};
pub use restart::Restart;
pub use status::{WorkerFailure, WorkerState, WorkerStatus};

/// What a worker that failed says.
pub type WorkerError = Box<dyn Error + Send + Sync>;

/// Makes a worker's future anew for each start.
type Factory = Box<dyn FnMut(Shutdown) -> BoxFuture<'static, Result<(), WorkerError>> + Send>;

/// The workers of the process. Clones share them.
#[derive(Clone)]
pub struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    tasks: Tasks,
    conductor: Conductor,
    entries: Mutex<Vec<Entry>>,
    changed: watch::Sender<()>,
    /// Held by the worker that is being started again.
    turn: Semaphore,
}

struct Entry {
    name: &'static str,
    state: WorkerState,
    restarts: u32,
    churn: Churn,
    starts_at: Option<Instant>,
    last_error: Option<WorkerFailure>,
    orders: mpsc::Sender<Order>,
}

/// A worker that was described and does not run yet.
pub(crate) struct Blueprint {
    name: &'static str,
    policy: Restart,
    factory: Factory,
}

impl Blueprint {
    pub(crate) fn new<F, Fut>(name: &'static str, policy: Restart, mut factory: F) -> Self
    where
        F: FnMut(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), WorkerError>> + Send + 'static,
    {
        Self { name, policy, factory: Box::new(move |shutdown| Box::pin(factory(shutdown))) }
    }
}

impl Workers {
    /// No workers yet; those to come run in `tasks` and end with `conductor`.
    pub fn new(clock: &Clock, tasks: &Tasks, conductor: &Conductor) -> Self {
        let shared = Shared {
            clock: clock.clone(),
            tasks: tasks.clone(),
            conductor: conductor.clone(),
            entries: Mutex::default(),
            changed: watch::Sender::new(()),
            turn: Semaphore::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts a worker.
    ///
    /// The factory is called for each start. Its future ends by itself when the handle it is given *begins*
    /// to shut down, which is also how a restart ends it; it is dropped when shutting down is *forced*.
    ///
    /// # Errors
    ///
    /// When the process is stopping already.
    pub fn start<F, Fut>(&self, name: &'static str, policy: Restart, factory: F) -> Result<(), Stopping>
    where
        F: FnMut(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), WorkerError>> + Send + 'static,
    {
        self.start_from(Blueprint::new(name, policy, factory))
    }

    pub(crate) fn start_from(&self, blueprint: Blueprint) -> Result<(), Stopping> {
        let Blueprint { name, policy, .. } = blueprint;
        let shutdown = Shutdown::new();
        // Spawned by the hook's registration or not at all: there is no worker without a place in the drain.
        let (start, started) = tokio::sync::oneshot::channel::<JoinHandle<()>>();
        let hook = async move |_| match started.await {
            Ok(worker) => worker.await.map_err(HookError::from),
            Err(_) => Ok(()),
        };
        self.shared.conductor.register_with(Phase::Workers, name, shutdown.clone(), hook)?;
        let (orders, ordered) = mpsc::channel(1);
        let index = {
            let mut entries = self.shared.entries();
            entries.push(Entry {
                name,
                state: WorkerState::Running,
                restarts: 0,
                churn: Churn::new(policy),
                starts_at: None,
                last_error: None,
                orders,
            });
            entries.len() - 1
        };
        let shared = Arc::clone(&self.shared);
        let supervised = supervise(shared, index, blueprint, shutdown, ordered);
        // Fails when the drain has already given up on the hook; the worker sees the shutdown itself.
        let _ = start.send(self.shared.tasks.spawn(name, supervised));
        Ok(())
    }

    /// All workers, in the order of their start.
    pub fn list(&self) -> Vec<WorkerStatus> {
        let now = self.shared.clock.now();
        self.shared.entries().iter_mut().map(|entry| entry.status(now)).collect()
    }

    /// Orders that a worker be started again, on the word of `by`: one that runs is told to end first, one that
    /// waits or is down starts at once. Returns the worker as it is at this moment; that it runs again shows later.
    ///
    /// # Errors
    ///
    /// See [`RestartRefused`]. Refused or not, the wish is in the audit log.
    pub fn restart(
        &self,
        name: &str,
        said: &Acknowledgement,
        by: &str,
    ) -> Result<WorkerStatus, RestartRefused> {
        let ordered = self.order(name, said);
        match &ordered {
            Ok(status) => audit::worker_restart_ordered(status.name, said.reason.trim(), by),
            Err(refused) => audit::worker_restart_refused(name, &refused.to_string(), by),
        }
        ordered
    }

    /// Waits until the workers are as wished.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn until(&self, mut wished: impl FnMut(&[WorkerStatus]) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        while !wished(&self.list()) {
            // The sender lives in `self.shared`, so this waits rather than fails.
            let _ = changed.changed().await;
        }
    }

    /// Degraded when a worker is faulted, and says which.
    pub fn finding(&self) -> Finding {
        let entries = self.shared.entries();
        let faulted = entries.iter().filter(|worker| worker.state == WorkerState::Faulted);
        let names: Vec<_> = faulted.map(|worker| worker.name).collect();
        if names.is_empty() {
            Finding::healthy(format!("{} workers", entries.len()))
        } else {
            Finding::degraded(format!("faulted: {}", names.join(", ")))
        }
    }

    fn order(&self, name: &str, said: &Acknowledgement) -> Result<WorkerStatus, RestartRefused> {
        let now = self.shared.clock.now();
        let mut entries = self.shared.entries();
        let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) else {
            let known = entries.iter().map(|entry| entry.name).collect();
            let name = name.chars().take(MAX_REASON_CHARS).collect();
            return Err(RestartRefused::Unknown { name, known });
        };
        let begins_anew = order::judge(&entry.status(now), said)?;
        match entry.orders.try_send(Order) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(RestartRefused::UnderWay { name: entry.name });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(RestartRefused::Stopping),
        }
        if begins_anew {
            entry.churn.forgive();
        }
        entry.churn.restarted(now);
        entry.restarts += 1;
        let status = entry.status(now);
        drop(entries);
        count_restart(status.name);
        Ok(status)
    }
}

impl Entry {
    fn status(&mut self, now: Instant) -> WorkerStatus {
        WorkerStatus {
            name: self.name,
            state: self.state,
            restarts: self.restarts,
            churn: self.churn.count(now),
            policy: self.churn.policy(),
            starts_in: self.starts_at.map(|at| at.saturating_duration_since(now)),
            last_error: self.last_error.clone(),
        }
    }
}

fn count_restart(name: &'static str) {
    metrics::counter!("worker_restarts_total", "worker" => name).increment(1);
}

impl Shared {
    fn set(&self, index: usize, state: WorkerState, starts_in: Option<Duration>) {
        let now = self.clock.now();
        self.change(index, |entry| {
            entry.state = state;
            entry.starts_at = starts_in.map(|wait| now + wait);
        });
        let is_faulted = |entry: &&Entry| entry.state == WorkerState::Faulted;
        let faulted = self.entries().iter().filter(is_faulted).count();
        metrics::gauge!("workers_faulted").set(f64::from(u32::try_from(faulted).unwrap_or(u32::MAX)));
    }

    /// Notes a failure, and tells what becomes of the worker.
    fn failed(&self, index: usize, name: &'static str, error: String) -> Verdict {
        let (now, at) = (self.clock.now(), self.clock.timestamp());
        let mut verdict = Verdict::Faulted(None);
        self.change(index, |entry| {
            entry.last_error = Some(WorkerFailure { at, error });
            verdict = entry.churn.failed(now);
            entry.restarts += u32::from(matches!(verdict, Verdict::Again(_)));
        });
        match verdict {
            Verdict::Again(delay) => {
                self.set(index, WorkerState::Waiting, Some(delay));
                count_restart(name);
            }
            Verdict::Faulted(cooldown) => self.set(index, WorkerState::Faulted, cooldown),
        }
        verdict
    }

    /// Notes that a worker is tried after its cooldown.
    fn tried(&self, index: usize, name: &'static str) {
        let now = self.clock.now();
        self.change(index, |entry| {
            entry.churn.tried(now);
            entry.restarts += 1;
        });
        count_restart(name);
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries().get_mut(index) {
            change(entry);
        }
        self.changed.send_replace(());
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        // A list of plain values: a panic elsewhere cannot leave it half written.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
