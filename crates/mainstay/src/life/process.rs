//! What belongs to the process, from its first moment to its last.

use mainstay_core::settings::Environment;
use mainstay_core::{Clock, Shutdown, Tasks};

use super::drain::{Conductor, DrainReport, Phase, Plan};
use super::worker::Workers;
use crate::health::{Health, Identity};
use crate::telemetry::metrics::Metrics;

/// What belongs to the process and not to a stage of its life. Clones share it.
#[derive(Clone)]
pub struct Process {
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
    pub(super) conductor: Conductor,
    pub(super) workers: Workers,
    /// For tasks and long-lived answers, which have no place in the drain of their own.
    pub(super) stopping: Shutdown,
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
            stopping: Shutdown::new(),
            metrics,
            conductor,
            tasks,
        };
        process.register_tasks();
        process
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

    /// Stops everything in order. The first thing is that the service is not ready any more.
    ///
    /// # Cancel safety
    ///
    /// As [`Conductor::drain`].
    pub async fn stop(&self) -> DrainReport {
        self.health.readiness().drain();
        self.conductor.drain().await
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
