//! Workers: what runs beside the requests for as long as the process lives.
//!
//! A worker has a name, a [`Restart`] policy and a place in the drain. When it fails or panics, it is started
//! again after a growing wait, until its budget is spent; then it is *faulted*: it stays down, the log says so
//! at the level `CRITICAL`, and the health of the service is degraded.

mod restart;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mainstay_core::{Chain, Clock, Shutdown, Tasks};
use tokio::task::JoinHandle;

use restart::Churn;

use super::drain::{Conductor, HookError, Phase, Stopping};
use crate::critical;
use crate::health::Finding;

pub use restart::Restart;

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
    entries: Mutex<Vec<WorkerStatus>>,
}

/// What a worker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerState {
    /// It works.
    Running,
    /// It failed and waits to be started again.
    Waiting,
    /// It ended of itself, without an error.
    Finished,
    /// It failed more often than its policy allows, and stays down.
    Faulted,
    /// It ended because the process stops.
    Stopped,
}

/// A worker, as operators see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its name.
    pub name: &'static str,
    /// What it does now.
    pub state: WorkerState,
    /// How often it was started again.
    pub restarts: u32,
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
        let (clock, tasks, conductor) = (clock.clone(), tasks.clone(), conductor.clone());
        Self { shared: Arc::new(Shared { clock, tasks, conductor, entries: Mutex::default() }) }
    }

    /// Starts a worker.
    ///
    /// The factory is called for each start. Its future ends by itself when the handle it is given *begins*
    /// to shut down; it is dropped when shutting down is *forced*.
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
        let name = blueprint.name;
        let shutdown = Shutdown::new();
        // Spawned by the hook's registration or not at all: there is no worker without a place in the drain.
        let (start, started) = tokio::sync::oneshot::channel::<JoinHandle<()>>();
        let hook = async move |_| match started.await {
            Ok(worker) => worker.await.map_err(HookError::from),
            Err(_) => Ok(()),
        };
        self.shared.conductor.register_with(Phase::Workers, name, shutdown.clone(), hook)?;
        let index = {
            let mut entries = self.shared.entries();
            entries.push(WorkerStatus { name, state: WorkerState::Running, restarts: 0 });
            entries.len() - 1
        };
        let shared = Arc::clone(&self.shared);
        let supervised = supervise(shared, index, blueprint, shutdown);
        // Fails when the drain has already given up on the hook; the worker sees the shutdown itself.
        let _ = start.send(self.shared.tasks.spawn(name, supervised));
        Ok(())
    }

    /// All workers, in the order of their start.
    pub fn list(&self) -> Vec<WorkerStatus> {
        self.shared.entries().clone()
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
}

impl Shared {
    fn set(&self, index: usize, state: WorkerState) {
        if let Some(entry) = self.entries().get_mut(index) {
            entry.state = state;
            entry.restarts += u32::from(state == WorkerState::Waiting);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<WorkerStatus>> {
        // A list of plain values: a panic elsewhere cannot leave it half written.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn supervise(shared: Arc<Shared>, index: usize, blueprint: Blueprint, shutdown: Shutdown) {
    let Blueprint { name, policy, mut factory } = blueprint;
    let mut churn = Churn::new(policy);
    loop {
        shared.set(index, WorkerState::Running);
        // The factory runs under the same guard as its future.
        let work = AssertUnwindSafe(async { factory(shutdown.clone()).await }).catch_unwind();
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = shutdown.forced() => return shared.set(index, WorkerState::Stopped),
        };
        match outcome {
            _ if shutdown.has_begun() => return shared.set(index, WorkerState::Stopped),
            Ok(Ok(())) => return shared.set(index, WorkerState::Finished),
            Ok(Err(error)) => tracing::error!(worker = name, error = %Chain(&*error), "worker failed"),
            // The panic itself is in the log already.
            Err(_) => tracing::error!(worker = name, "worker panicked"),
        }
        let Some(delay) = churn.next(shared.clock.now()) else {
            critical!(worker = name, budget = policy.budget, "worker faulted: it stays down");
            return shared.set(index, WorkerState::Faulted);
        };
        shared.set(index, WorkerState::Waiting);
        metrics::counter!("worker_restarts_total", "worker" => name).increment(1);
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = shutdown.begun() => return shared.set(index, WorkerState::Stopped),
        }
    }
}
