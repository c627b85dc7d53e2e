//! The whole life: start, wait, stop.

use std::io;

use mainstay_core::Clock;
use mainstay_core::settings::Problem;
use tokio::runtime::{Builder, Handle, Runtime as Tokio};

use super::banner::Banner;
use super::signals::Signals;
use super::{Configuration, Exit, Process, StartError, Started, start};
use crate::telemetry::log::{Logging, StandardError};
use crate::telemetry::metrics::Metrics;
use crate::{Service, critical};

/// Most threads for blocking work, such as reading files. They end when they are idle.
const BLOCKING_THREADS: usize = 32;

/// Runs a service until something ends it. `warnings` are what was found in its settings.
///
/// # Errors
///
/// When it could not be started; what had been started was ended in order, and the caller says why
/// ([`StartError::problem`]) and exits with [`Exit::NotStarted`].
pub fn run<S: Service>(
    service: S,
    configuration: Configuration<S>,
    warnings: &[Problem],
) -> Result<Exit, StartError> {
    let clock = Clock::system();
    let logging = Logging::new(&configuration.runtime.log, &clock, StandardError::default());
    // Fails where the caller logs already, which is as good.
    let _ = logging.install();
    let system = |what| move |source: io::Error| StartError::System { what, source };
    let workers = workers_runtime().map_err(system("event queue for requests"))?;
    let control = Builder::new_current_thread().enable_all().build();
    let control = control.map_err(system("event queue for signals"))?;
    let exit = control.block_on(live(service, configuration, warnings, &clock, &logging, workers.handle()));
    // What is still running was named; nobody waits for it.
    workers.shutdown_background();
    exit
}

fn workers_runtime() -> io::Result<Tokio> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
}

async fn live<S: Service>(
    service: S,
    configuration: Configuration<S>,
    warnings: &[Problem],
    clock: &Clock,
    logging: &Logging,
    workers: &Handle,
) -> Result<Exit, StartError> {
    let began = clock.now();
    let signals =
        Signals::listen().map_err(|source| StartError::System { what: "signal handler", source })?;
    let process = {
        let _entered = workers.enter();
        let (environment, plan) = (configuration.runtime.environment, configuration.runtime.drain_plan());
        Process::new(S::VERSION, environment, plan, clock, Metrics::install())
    };
    for warning in warnings {
        tracing::warn!(code = warning.code, help = warning.help.first(), "{}", warning.message);
    }
    let mut end = End { process: process.clone(), signals };
    let starting = {
        let _entered = workers.enter();
        let process = process.clone();
        process.tasks.clone().spawn("start", async move { start(&process, &service, configuration).await })
    };
    let abort = starting.abort_handle();
    let started = tokio::select! {
        started = starting => started.unwrap_or(Err(StartError::BrokenOff)),
        signal = end.signals.next() => {
            tracing::info!(signal, "told to stop before it was ready");
            abort.abort();
            return Ok(end.stop(false).await);
        }
    };
    match started {
        Ok(started) => {
            let took = clock.now() - began;
            let name = S::NAME;
            Banner { name, version: S::VERSION, started: &started, warnings, took }.write(logging);
            Ok(end.serve(started).await)
        }
        Err(error) => {
            tracing::error!(code = error.code(), error = &error as &dyn std::error::Error, "start failed");
            end.stop(false).await;
            Err(error)
        }
    }
}

/// Everything that can end the process.
struct End {
    process: Process,
    signals: Signals,
}

impl End {
    /// Serves until something ends it.
    async fn serve(mut self, started: Started) -> Exit {
        metrics::gauge!("posture_info", "hash" => started.posture.clone()).set(1.0);
        let panicked = tokio::select! {
            signal = self.signals.next() => {
                tracing::info!(signal, "stopping");
                false
            }
            () = self.process.conductor.begun() => false,
            name = self.process.tasks.panicked() => {
                critical!(task = name.0, "stopping: a task panicked that nobody supervises");
                true
            }
        };
        drop(started);
        self.stop(panicked).await
    }

    /// Stops in order, unless a further signal demands the end at once.
    async fn stop(&mut self, panicked: bool) -> Exit {
        let report = tokio::select! {
            report = self.process.stop() => report,
            signal = self.signals.next() => {
                tracing::warn!(signal, running = ?self.process.tasks.running(), "stopped at once: a second signal");
                return Exit::Forced;
            }
        };
        let took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
        if report.is_clean() && !panicked {
            tracing::info!(took_ms, "stopped");
            Exit::Clean
        } else {
            tracing::error!(took_ms, late = %report, "stopped, but not cleanly");
            Exit::Unclean
        }
    }
}
