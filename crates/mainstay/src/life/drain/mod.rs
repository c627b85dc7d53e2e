//! Stopping in order, in time, and with the truth about it at the end.
//!
//! Everything that must end is registered with the [`Conductor`] under a [`Phase`] and a name. A drain goes
//! through the phases in order; in each, what was registered last ends first, under a deadline of its own
//! within the phase's, within the total ([`Plan`]). An item that is late, fails or panics is noted and left
//! behind: nothing it does stops the next one.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use std::time::Duration;
//! use mainstay::life::{Conductor, Phase, Plan};
//! use mainstay_core::Clock;
//!
//! let plan = Plan::new(Duration::from_secs(1), Duration::ZERO);
//! let conductor = Conductor::new(plan, &Clock::system());
//! conductor.register(Phase::Flush, "journal", async |_| Ok(())).unwrap();
//! let report = conductor.drain().await;
//! assert!(report.is_clean());
//! assert!(conductor.register(Phase::Flush, "too late", async |_| Ok(())).is_err());
//! # }
//! ```

mod plan;
mod report;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mainstay_core::{Chain, Clock, Shutdown, Tasks};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use plan::{Phase, Plan};
pub use report::{DrainReport, Flaw, Straggler};

/// What a hook that failed says.
pub type HookError = Box<dyn Error + Send + Sync>;

type Hook = Box<dyn FnOnce(Shutdown) -> BoxFuture<'static, Result<(), HookError>> + Send>;

/// Registering was refused: the process is stopping, so nobody would run or await what is registered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process is stopping")]
pub struct Stopping;

/// Ends everything in order. Clones share the register, and all calls of a drain share one.
#[derive(Clone)]
pub struct Conductor {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Plan,
    clock: Clock,
    /// Where hooks run. The drain itself may wait elsewhere, so that a hook which blocks cannot delay it.
    runtime: Option<Handle>,
    /// Hooks have a registry of their own: the application's is one of the things they wait for.
    hooks: Tasks,
    items: Mutex<Register>,
    begun: CancellationToken,
    report: watch::Sender<Option<DrainReport>>,
}

#[derive(Default)]
struct Register {
    closed: bool,
    items: Vec<Item>,
}

struct Item {
    phase: Phase,
    name: &'static str,
    shutdown: Shutdown,
    hook: Hook,
}

impl Conductor {
    /// A conductor with nothing to end yet. Inside a Tokio runtime, hooks will run there.
    pub fn new(plan: Plan, clock: &Clock) -> Self {
        let shared = Shared {
            plan,
            clock: clock.clone(),
            runtime: Handle::try_current().ok(),
            hooks: Tasks::new(),
            items: Mutex::default(),
            begun: CancellationToken::new(),
            report: watch::Sender::new(None),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Registers what has to be done when the process stops.
    ///
    /// The hook's handle says when its time runs out: *hard* comes a little before the deadline, at which the
    /// hook is dropped at its next `await`.
    ///
    /// # Errors
    ///
    /// When the process is stopping already.
    pub fn register<F, Fut>(&self, phase: Phase, name: &'static str, hook: F) -> Result<(), Stopping>
    where
        F: FnOnce(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.register_with(phase, name, Shutdown::new(), hook)
    }

    /// As [`Conductor::register`], with a handle that somebody else holds too: a worker, say.
    pub(crate) fn register_with<F, Fut>(
        &self,
        phase: Phase,
        name: &'static str,
        shutdown: Shutdown,
        hook: F,
    ) -> Result<(), Stopping>
    where
        F: FnOnce(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        let mut register = self.register_lock();
        if register.closed {
            return Err(Stopping);
        }
        let hook: Hook = Box::new(move |shutdown| Box::pin(hook(shutdown)));
        register.items.push(Item { phase, name, shutdown, hook });
        Ok(())
    }

    /// Whether a drain has begun.
    pub fn has_begun(&self) -> bool {
        self.shared.begun.is_cancelled()
    }

    /// Waits until a drain begins.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn begun(&self) {
        self.shared.begun.cancelled().await;
    }

    /// Ends everything, and tells how it went. The first call does it; the others wait for its report.
    ///
    /// # Cancel safety
    ///
    /// Not safe: a first call that is dropped leaves the rest undone, and the others waiting.
    pub async fn drain(&self) -> DrainReport {
        self.drain_after(self.shared.plan.grace()).await
    }

    /// As [`Conductor::drain`], without the grace period.
    pub(super) async fn drain_without_grace(&self) -> DrainReport {
        self.drain_after(Duration::ZERO).await
    }

    async fn drain_after(&self, grace: Duration) -> DrainReport {
        let first = !std::mem::replace(&mut self.register_lock().closed, true);
        if first {
            self.shared.begun.cancel();
            let report = self.conduct(grace).await;
            self.shared.report.send_replace(Some(report.clone()));
            return report;
        }
        let mut report = self.shared.report.subscribe();
        match report.wait_for(Option::is_some).await {
            Ok(report) => report.clone().unwrap_or_default(),
            // The sender lives in `self.shared`.
            Err(_) => DrainReport::default(),
        }
    }

    async fn conduct(&self, grace: Duration) -> DrainReport {
        let Shared { plan, clock, .. } = &*self.shared;
        let begin = clock.now();
        tokio::time::sleep_until(begin + grace).await;
        let mut stragglers = Vec::new();
        for phase in Phase::ALL {
            let mut items = self.take(phase);
            let end = begin + plan.end(phase);
            tracing::debug!(phase = phase.as_str(), items = items.len(), "drain phase");
            // Last registered first: what came later may lean on what came before.
            while let Some(item) = items.pop() {
                let left = end.saturating_duration_since(clock.now());
                let name = item.name;
                if let Err(flaw) = self.finish(item, plan::fair_share(left, items.len() + 1)).await {
                    tracing::warn!(phase = phase.as_str(), name, flaw = %flaw, "did not stop as it should");
                    stragglers.push(Straggler { phase, name, flaw });
                }
            }
        }
        DrainReport { took: clock.now() - begin, stragglers }
    }

    /// Ends one item within its limit.
    async fn finish(&self, item: Item, limit: Duration) -> Result<(), Flaw> {
        let Item { name, shutdown, hook, .. } = item;
        let begin = self.shared.clock.now();
        shutdown.begin();
        let mut task = {
            let _entered = self.shared.runtime.as_ref().map(Handle::enter);
            let shutdown = shutdown.clone();
            // The hook is called inside the task, so that a panic in its first lines is caught as well.
            self.shared.hooks.spawn(name, async move { hook(shutdown).await })
        };
        let mut outcome = tokio::time::timeout_at(begin + plan::patience(limit), &mut task).await;
        if outcome.is_err() {
            shutdown.force();
            outcome = tokio::time::timeout_at(begin + limit, &mut task).await;
        }
        match outcome {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(Flaw::Failed(Chain(&*error).to_string())),
            Ok(Err(_)) => Err(Flaw::Panicked),
            Err(_) => {
                task.abort();
                Err(Flaw::Late)
            }
        }
    }

    fn take(&self, phase: Phase) -> Vec<Item> {
        let mut register = self.register_lock();
        register.items.extract_if(.., |item| item.phase == phase).collect()
    }

    fn register_lock(&self) -> MutexGuard<'_, Register> {
        // A list that is pushed to and taken from: a panic elsewhere cannot leave it half written.
        self.shared.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
