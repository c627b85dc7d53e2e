//! Health: three questions, answered from memory.
//!
//! | question | path | answered from | 503 when |
//! |---|---|---|---|
//! | is this process alive? | `/health/live` | nothing | never |
//! | can it serve? | `/health/ready` | [`Readiness`] and the last snapshot | a latch is held, or a critical check fails |
//! | how well is it? | `/health` | the same | a critical check fails |
//!
//! A *lane* of its own — a thread, a small runtime, a database connection that nothing else uses — runs all
//! checks once an interval and leaves a [`HealthSnapshot`]. A probe reads it: it costs no query, however many
//! come, and it is answered while the pools are exhausted or the database hangs. The header `Age` says how old
//! the snapshot is. When the lane itself is stuck, the snapshot grows too old to be believed, and the
//! service says that it is not ready (`health_stale`).
//!
//! *Degraded* is not down: a check that is not critical never empties a fleet.
//!
//! ```
//! use mainstay::health::{Criticality, Health, Identity};
//! use mainstay_core::Clock;
//! use mainstay_core::settings::Environment;
//!
//! let identity = Identity { version: "0.1.0", environment: Environment::Development };
//! let health = Health::new(identity, &Clock::system());
//! health.register("columns", Criticality::Contributing, async || Ok::<(), String>(()));
//! let starting = health.readiness().hold("starting");
//! assert_eq!(health.ready().body.reason.as_deref(), Some("starting"));
//! ```

mod answer;
mod check;
mod client;
mod database;
mod lane;
mod readiness;
mod routes;
mod steady;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_core::Clock;
use mainstay_core::settings::Environment;
use mainstay_db::Database;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::admission::{Admission, AdmissionSnapshot};
use check::Registered;

pub use answer::{Alive, Audience, DependencyBody, HealthBody, Probed, ReadyBody};
pub use check::{Check, Condition, Criticality, Finding};
pub use client::{ProbeError, probe};
pub use database::{BreakerBody, DatabaseBody, PoolBody, ThresholdsBody};
pub use lane::Lane;
pub use readiness::{Latch, Readiness};
pub use routes::routes;
pub(crate) use routes::{probes, reports};

/// Who answers: the words of `/health` that never change.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The version of the service.
    pub version: &'static str,
    /// The kind of place it runs in.
    pub environment: Environment,
}

/// How often checks run, and how long each may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the begin of one round to that of the next.
    pub interval: Duration,
    /// The limit of one check.
    pub timeout: Duration,
}

/// What the last round of checks found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthSnapshot {
    /// When the round ended, to tell the age.
    pub taken: Instant,
    /// When the round ended, for people.
    pub taken_at: Timestamp,
    /// What is said of each dependency, in the order of registration.
    pub dependencies: Vec<Dependency>,
}

/// What is said of a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// Its name.
    pub name: &'static str,
    /// What it means when it fails.
    pub criticality: Criticality,
    /// How it is.
    pub finding: Finding,
}

/// The health of the process. Clones share it.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    identity: Identity,
    clock: Clock,
    started: Instant,
    readiness: Readiness,
    checks: Mutex<Vec<Arc<Registered>>>,
    snapshot: watch::Sender<Arc<HealthSnapshot>>,
    database: OnceLock<Database>,
    /// How much work is taken on at once; for operators.
    admission: OnceLock<Admission>,
    /// Asks the lane for a round out of turn, when a check was added.
    hurry: Notify,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), timeout: Duration::from_secs(1) }
    }
}

impl Health {
    /// Health without checks, ready.
    pub fn new(identity: Identity, clock: &Clock) -> Self {
        let now = clock.now();
        let empty = HealthSnapshot { taken: now, taken_at: clock.timestamp(), dependencies: Vec::new() };
        let shared = Shared {
            identity,
            clock: clock.clone(),
            started: now,
            readiness: Readiness::default(),
            checks: Mutex::default(),
            snapshot: watch::Sender::new(Arc::new(empty)),
            database: OnceLock::new(),
            admission: OnceLock::new(),
            hurry: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a check. It is run in the next round, and from then on in each.
    pub fn register(&self, name: &'static str, criticality: Criticality, check: impl Check) {
        self.add(Registered { name, criticality, timeout: None, check: Box::new(check) });
    }

    /// As [`Health::register`], with a limit of its own in place of [`Pace::timeout`].
    pub fn register_within(
        &self,
        name: &'static str,
        criticality: Criticality,
        timeout: Duration,
        check: impl Check,
    ) {
        self.add(Registered { name, criticality, timeout: Some(timeout), check: Box::new(check) });
    }

    /// Tells operators of the pools and the circuit breaker of this database. Only the first one counts.
    pub fn describe_database(&self, database: &Database) {
        let _ = self.shared.database.set(database.clone());
    }

    /// Shows operators how this admission stands. The first one stays.
    pub fn show_admission(&self, admission: Admission) {
        let _ = self.shared.admission.set(admission);
    }

    /// How admission stands, once there is one.
    pub fn admission(&self) -> Option<AdmissionSnapshot> {
        self.shared.admission.get().map(Admission::snapshot)
    }

    /// The reasons not to be ready.
    pub fn readiness(&self) -> &Readiness {
        &self.shared.readiness
    }

    /// What the last round found.
    pub fn snapshot(&self) -> Arc<HealthSnapshot> {
        Arc::clone(&self.shared.snapshot.borrow())
    }

    /// Waits until each registered check has been run.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn settled(&self) {
        let mut snapshot = self.shared.snapshot.subscribe();
        let settled = |snapshot: &Arc<HealthSnapshot>| snapshot.dependencies.len() >= self.checks().len();
        // The sender lives in `self.shared`, so this waits rather than fails.
        let _ = snapshot.wait_for(settled).await;
    }

    /// Whether the last round found nothing to complain of.
    fn is_all_well(&self) -> bool {
        let is_well = |dependency: &Dependency| dependency.finding.condition() == Condition::Healthy;
        self.snapshot().dependencies.iter().all(is_well)
    }

    fn add(&self, registered: Registered) {
        self.checks().push(Arc::new(registered));
        self.shared.hurry.notify_one();
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Arc<Registered>>> {
        // A list that is only pushed to: a panic elsewhere cannot leave it half written.
        self.shared.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
