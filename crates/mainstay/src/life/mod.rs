//! The life of the process: how it starts, what it does when something ends it, how it stops.
//!
//! The stages of the start stand in one place, [`start`]; stopping is conducted by the [`Conductor`]. [`run`]
//! is the whole of it: it ends with the number that the process ends with ([`Exit`]).
//!
//! Requests, workers and hooks run in a runtime of several threads. Signals and the drain's deadlines are
//! watched from the main thread, in a small runtime of its own, so that nothing which blocks a thread of
//! the other one can delay the end of the process.

mod accounts;
mod addresses;
mod admin;
mod app;
mod banner;
mod config;
pub mod control;
mod drain;
#[cfg(feature = "drills")]
mod drills;
mod exit;
mod explanations;
mod handover;
mod limits;
mod listeners;
mod process;
mod run;
mod signals;
mod sockets;
mod stages;
mod start_error;
mod surface;
mod systemd;
mod watchdog;
mod worker;

#[cfg(test)]
mod tests;

pub use accounts::open_accounts;
pub use addresses::{ListenSettings, PublicUrl};
pub use app::App;
pub use config::{Configuration, ProcessSettings, Runtime};
pub use drain::{Conductor, DrainReport, Flaw, HookError, Phase, Plan, Stopping, Straggler};
#[cfg(feature = "drills")]
pub use drills::DrillSettings;
pub use exit::Exit;
pub use explanations::EXPLANATIONS;
pub use handover::{Obstacle, TakeoverError};
pub use process::Process;
pub use run::run;
pub use sockets::Inherited;
pub use stages::{Started, start};
pub use start_error::StartError;
pub use surface::route_table;
pub use systemd::{ListenFdsError, Manager};
pub use watchdog::{Gait, RuntimeVitals, Vitals, Watchdog, WatchdogSettings};
pub use worker::{
    Acknowledgement, Restart, RestartRefused, WorkerError, WorkerFailure, WorkerState, WorkerStatus, Workers,
};
