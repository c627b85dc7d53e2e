//! What the runtime gives an application while it is built.

use std::sync::Arc;

use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::Database;

use super::drain::{Conductor, HookError, Phase, Stopping};
use super::worker::{Blueprint, Restart, WorkerError, Workers};
use super::{Process, Runtime};
use crate::health::{Check, Criticality, Health};
use crate::identity::Accounts;
use crate::telemetry::metrics::Metrics;

/// The application while it is being built: what it may use, and where it registers what is its own.
///
/// Workers and hooks take effect when the build has succeeded, in the order of their registration. What has to
/// be added later goes to [`App::workers`] and [`App::conductor`], whose clones outlive the build.
pub struct App<S> {
    settings: Arc<S>,
    runtime: Arc<Runtime>,
    database: Database,
    accounts: Accounts,
    process: Process,
    workers: Vec<Blueprint>,
    hooks: Vec<Registration>,
}

/// Registers a hook when the build has succeeded.
type Registration = Box<dyn FnOnce(&Conductor) -> Result<(), Stopping> + Send>;

impl<S> App<S> {
    pub(super) fn new(
        settings: S,
        runtime: Arc<Runtime>,
        database: Database,
        accounts: Accounts,
        process: &Process,
    ) -> Self {
        let (settings, process) = (Arc::new(settings), process.clone());
        Self { settings, runtime, database, accounts, process, workers: Vec::new(), hooks: Vec::new() }
    }

    /// The settings of the application.
    pub fn settings(&self) -> &Arc<S> {
        &self.settings
    }

    /// The settings of the runtime.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The database, its schema current.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Users, tokens and sessions.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.process.clock
    }

    /// The registry that every task belongs to. A panic in one that is no worker begins an orderly end.
    pub fn tasks(&self) -> &Tasks {
        &self.process.tasks
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.process.metrics
    }

    /// The health of the process.
    pub fn process_health(&self) -> &Health {
        &self.process.health
    }

    /// Tells long-lived answers, such as streams of events, when to end: *begun* as soon as nothing new is accepted,
    /// so that clients come back to an instance that stays.
    pub fn streams(&self) -> &Shutdown {
        &self.process.streams
    }

    /// Tells tasks when to end: *begun* after the requests in flight were answered.
    pub fn stopping(&self) -> &Shutdown {
        &self.process.stopping
    }

    /// The workers of the process, for what is started after the build.
    pub fn workers(&self) -> &Workers {
        &self.process.workers
    }

    /// The conductor of the drain, for what is registered after the build.
    pub fn conductor(&self) -> &Conductor {
        &self.process.conductor
    }

    /// Adds a worker. The factory is called for each start; its future ends by itself when the handle it is
    /// given begins to shut down.
    pub fn worker<F, Fut>(&mut self, name: &'static str, restart: Restart, factory: F)
    where
        F: FnMut(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), WorkerError>> + Send + 'static,
    {
        self.workers.push(Blueprint::new(name, restart, factory));
    }

    /// Adds a check: when it fails, the service is degraded, and still ready.
    pub fn health(&mut self, name: &'static str, check: impl Check) {
        self.process.health.register(name, Criticality::Contributing, check);
    }

    /// Adds a check without which the service cannot serve: when it fails, it is not ready.
    pub fn critical_health(&mut self, name: &'static str, check: impl Check) {
        self.process.health.register(name, Criticality::Critical, check);
    }

    /// Adds what has to be done when the process stops. See [`Conductor::register`].
    pub fn on_shutdown<F, Fut>(&mut self, name: &'static str, phase: Phase, hook: F)
    where
        F: FnOnce(Shutdown) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.hooks.push(Box::new(move |conductor| conductor.register(phase, name, hook)));
    }

    /// Makes the registrations take effect.
    pub(super) fn commit(self) -> Result<(), Stopping> {
        for register in self.hooks {
            register(&self.process.conductor)?;
        }
        self.workers.into_iter().try_for_each(|worker| self.process.workers.start_from(worker))
    }
}
