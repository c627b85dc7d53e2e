//! The whole life: start, wait, stop or hand over.

mod banner;
mod end;
mod exit;
mod signals;

use std::io;

use mainstay_core::Clock;
use mainstay_core::settings::Problem;
use tokio::runtime::{Builder, Handle, Runtime as Tokio};

use crate::Service;
use crate::life::handover::{Predecessor, Program};
use crate::life::{Configuration, Inherited, Manager, Process, StartError, start, systemd};
use crate::telemetry::log::{Logging, StandardError};
use crate::telemetry::metrics::Metrics;
use banner::Banner;
use signals::Signals;

pub(super) use banner::posture;
use end::End;
pub use exit::Exit;

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
    // Before anything else opens files: the sockets of systemd are told apart by their numbers.
    let origin = Origin::of_process()?;
    let logging = Logging::new(&configuration.runtime.log, &clock, StandardError::default());
    // Fails where the caller logs already, which is as good.
    let _ = logging.install();
    let system = |what| move |source: io::Error| StartError::System { what, source };
    let workers = workers_runtime().map_err(system("event queue for requests"))?;
    let control = Builder::new_current_thread().enable_all().build();
    let control = control.map_err(system("event queue for signals"))?;
    let life = Life { origin, clock: &clock, logging: &logging, workers: workers.handle() };
    let exit = control.block_on(life.live(service, configuration, warnings));
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

/// Where the process comes from.
struct Origin {
    program: Option<Program>,
    predecessor: Option<Predecessor>,
    inherited: Inherited,
    manager: Manager,
}

impl Origin {
    fn of_process() -> Result<Self, StartError> {
        let of_manager = systemd::inherited()?;
        let (predecessor, inherited) = match Predecessor::of_process()? {
            Some((predecessor, inherited)) => (Some(predecessor), inherited),
            None => (None, of_manager),
        };
        // Without it the process cannot hand over, and says so when it is asked to.
        let program = Program::of_process().ok();
        Ok(Self { program, predecessor, inherited, manager: Manager::of_process() })
    }
}

struct Life<'a> {
    origin: Origin,
    clock: &'a Clock,
    logging: &'a Logging,
    workers: &'a Handle,
}

impl Life<'_> {
    async fn live<S: Service>(
        self,
        service: S,
        configuration: Configuration<S>,
        warnings: &[Problem],
    ) -> Result<Exit, StartError> {
        let Self { origin, clock, logging, workers } = self;
        let Origin { program, predecessor, inherited, manager } = origin;
        let began = clock.now();
        let signals =
            Signals::listen().map_err(|source| StartError::System { what: "signal handler", source })?;
        let process = {
            let _entered = workers.enter();
            let (environment, plan) = (configuration.runtime.environment, configuration.runtime.drain_plan());
            let process = Process::new(S::VERSION, environment, plan, clock, Metrics::install());
            process.managed_by(manager).inheriting(inherited)
        };
        for warning in warnings {
            tracing::warn!(code = warning.code, help = warning.help.first(), "{}", warning.message);
        }
        let mut end = End::new(process.clone(), signals, program);
        let starting = {
            let _entered = workers.enter();
            let process = process.clone();
            process
                .tasks
                .clone()
                .spawn("start", async move { start(&process, &service, configuration).await })
        };
        let abort = starting.abort_handle();
        let started = tokio::select! {
            started = starting => started.unwrap_or(Err(StartError::BrokenOff)),
            signal = end.signal() => {
                tracing::info!(signal, "told to stop before it was ready");
                abort.abort();
                return Ok(end.stop(false).await);
            }
        };
        match started {
            Ok(started) => {
                let control = end.open_control(&started.runtime, predecessor.is_some());
                let took = clock.now() - began;
                let name = S::NAME;
                let obstacle = end.obstacle(&started.runtime);
                Banner { name, version: S::VERSION, started: &started, warnings, took, obstacle }
                    .write(logging);
                process.manager.ready(&format!("serving at {}", started.address));
                if let Some(predecessor) = predecessor {
                    predecessor.ready();
                }
                Ok(end.serve(started, control).await)
            }
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    error = &error as &dyn std::error::Error,
                    "start failed"
                );
                if let Some(predecessor) = predecessor {
                    predecessor.failed(&error);
                }
                end.stop(false).await;
                Err(error)
            }
        }
    }
}
