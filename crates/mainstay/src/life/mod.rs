//! The life of the process: how it starts, what it does when something ends it, how it stops.
//!
//! The stages of the start stand in one place, [`start()`]; stopping is conducted by the [`Conductor`]. [`run()`]
//! is the whole of it: it ends with the number that the process ends with ([`Exit`]).
//!
//! Requests, workers and hooks run in a runtime of several threads. Signals and the drain's deadlines are
//! watched from the main thread, in a small runtime of its own, so that nothing which blocks a thread of
//! the other one can delay the end of the process.

mod admin;
mod app;
mod config;
pub mod control;
mod drain;
#[cfg(feature = "drills")]
mod drills;
mod explanations;
mod handover;
mod listen;
mod process;
mod run;
mod start;
mod systemd;
mod watchdog;
mod worker;

#[cfg(test)]
mod tests;

pub use app::App;
pub use config::{Configuration, ProcessSettings, Runtime};
pub use drain::{Conductor, DrainReport, Flaw, HookError, Phase, Plan, Stopping, Straggler};
#[cfg(feature = "drills")]
pub use drills::DrillSettings;
pub use explanations::EXPLANATIONS;
pub use handover::{Obstacle, TakeoverError};
pub use listen::{Inherited, ListenSettings, PublicUrl, route_table};
pub use process::Process;
pub use run::{Exit, run};
pub use start::{StartError, Started, open_accounts, start};
pub use systemd::{ListenFdsError, Manager};
pub use watchdog::{Gait, RuntimeVitals, Vitals, Watchdog, WatchdogSettings};
pub use worker::{
    Acknowledgement, Restart, RestartRefused, WorkerError, WorkerFailure, WorkerState, WorkerStatus, Workers,
};
