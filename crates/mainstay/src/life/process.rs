//! What belongs to the process, from its first moment to its last.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_core::settings::Environment;
use mainstay_core::{Clock, Shutdown, Tasks};
use tokio_util::task::TaskTracker;

use super::Runtime;
use super::admin::Admin;
use super::drain::{Conductor, DrainReport, Phase, Plan};
use super::listen::{Heirlooms, Inherited};
use super::systemd::Manager;
use super::watchdog::{Vitals, Watched};
use super::worker::Workers;
use crate::accept::{Connections, Farewell};
use crate::health::{Health, Identity};
use crate::telemetry::metrics::Metrics;

/// What belongs to the process and not to a stage of its life. Clones share it.
#[derive(Clone)]
pub struct Process {
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    /// Those of the listener for operators, which is the last to end.
    pub(super) operators: Tasks,
    /// The accept loops, with their connections.
    pub(super) doors: TaskTracker,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
    pub(super) conductor: Conductor,
    pub(super) workers: Workers,
    /// For tasks, which have no place in the drain of their own.
    pub(super) stopping: Shutdown,
    /// For long-lived answers: they are told as soon as nothing new is accepted.
    pub(super) streams: Shutdown,
    /// For connections: from its begin each answer is the last of its connection.
    pub(super) farewell: Farewell,
    pub(super) vitals: Vitals,
    pub(super) watched: Watched,
    pub(super) manager: Manager,
    /// Sockets from somebody before us, until they are taken.
    pub(super) inherited: Arc<Mutex<Inherited>>,
    /// Sockets for somebody after us.
    pub(super) heirlooms: Heirlooms,
}

impl Process {
    /// A process that has not started. Hooks of its drain run in the Tokio runtime that this is called in.
    pub fn new(
        version: &'static str,
        environment: Environment,
        plan: Plan,
        clock: &Clock,
        metrics: Metrics,
    ) -> Self {
        let (tasks, conductor) = (Tasks::new(), Conductor::new(plan, clock));
        let process = Self {
            clock: clock.clone(),
            health: Health::new(Identity { version, environment }, clock),
            workers: Workers::new(clock, &tasks, &conductor),
            operators: Tasks::new(),
            doors: TaskTracker::new(),
            stopping: Shutdown::new(),
            streams: Shutdown::new(),
            farewell: Farewell::default(),
            vitals: Vitals::default(),
            watched: Watched::default(),
            manager: Manager::none(),
            inherited: Arc::default(),
            heirlooms: Heirlooms::default(),
            metrics,
            conductor,
            tasks,
        };
        process.register_tasks();
        process
    }

    /// The same process, managed by somebody who wants to be told of it.
    #[must_use]
    pub fn managed_by(self, manager: Manager) -> Self {
        Self { manager, ..self }
    }

    /// The same process, which serves these sockets in place of its own.
    #[must_use]
    pub fn inheriting(self, inherited: Inherited) -> Self {
        Self { inherited: Arc::new(Mutex::new(inherited)), ..self }
    }

    /// The health of the process.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The conductor of the drain.
    pub fn conductor(&self) -> &Conductor {
        &self.conductor
    }

    /// The registry of tasks.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The workers of the process.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Says when long-lived answers are to end: *begun* as soon as nothing new is accepted.
    pub fn streams(&self) -> &Shutdown {
        &self.streams
    }

    /// How the runtime moves.
    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// Stops everything in order. The first thing is that the service is not ready any more; from then on each answer
    /// is the last of its connection.
    ///
    /// # Cancel safety
    ///
    /// As [`Conductor::drain`].
    pub async fn stop(&self) -> DrainReport {
        self.health.readiness().drain();
        self.farewell.begin();
        if self.farewell.is_handed_over() {
            // Whoever balances sees no difference: somebody else serves already.
            self.conductor.drain_without_grace().await
        } else {
            self.conductor.drain().await
        }
    }

    /// Leaves the sockets to another process that serves them already, and waits until the connections have had
    /// their last answers, or so long.
    pub(super) async fn hand_over(&self, limit: Duration) {
        self.heirlooms.forget_all();
        self.farewell.hand_over();
        self.doors.close();
        // Those that are left are closed by the drain.
        let _ = tokio::time::timeout(limit, self.doors.wait()).await;
    }

    /// Takes what was inherited.
    pub(super) fn take_inherited(&self) -> Inherited {
        std::mem::take(&mut *self.inherited.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What operators ask.
    pub(super) fn admin(&self, runtime: &Runtime, connections: Vec<(&'static str, Connections)>) -> Admin {
        Admin {
            health: self.health.clone(),
            workers: self.workers.clone(),
            vitals: self.vitals.clone(),
            instance: runtime.process.instance_name.clone(),
            abort_after: runtime.watchdog.abort_after,
            connections,
        }
    }

    /// Gives the tasks their place in the drain. Called first, so in each phase they come last.
    fn register_tasks(&self) {
        let stopping = self.stopping.clone();
        let tell = async move |_| {
            stopping.begin();
            Ok(())
        };
        let (stopping, tasks) = (self.stopping.clone(), self.tasks.clone());
        let wait = async move |shutdown: Shutdown| {
            tokio::select! {
                () = tasks.finished() => return Ok(()),
                () = shutdown.forced() => stopping.force(),
            }
            let names: Vec<_> = tasks.running().into_keys().collect();
            // Dropped at the deadline, if they do not obey even now.
            tasks.finished().await;
            Err(format!("ended only when forced: {}", names.join(", ")).into())
        };
        // Nothing refuses registrations yet.
        let _ = self.conductor.register(Phase::Streams, "stream tasks", tell);
        let _ = self.conductor.register(Phase::Workers, "tasks", wait);
    }
}
