//! The watchdog: a thread of its own that notices when the runtime stands still.
//!
//! Ten times a second it gives the runtime a trifle to do, at most one at a time, and looks whether it was done. A
//! runtime whose threads are all blocked does nothing at all: no request is answered, no probe, no timer. Nothing in
//! the runtime could notice that.
//!
//! | for so long nothing was done | what happens |
//! |---|---|
//! | 250 ms | a warning |
//! | 1 s | a `CRITICAL` line; the service is not ready (`stalled`), until it has moved for a second without a halt |
//! | `WATCHDOG_ABORT_AFTER`, if it is set | the process aborts, so that whoever supervises it starts it again |
//!
//! Only time in which the watchdog itself ran counts: a machine that was suspended, a process that was stopped or a
//! processor that others took away is no stall of the runtime.
//!
//! Under systemd with `WatchdogSec`, the watchdog also says that the service is alive, for as long as the runtime
//! moves and the accept loops turn. See [`Manager`](super::Manager).

mod config;
mod observer;
#[cfg(test)]
mod tests;
mod thread;
mod vitals;

pub use config::WatchdogSettings;
pub use thread::Watchdog;
pub(super) use thread::{Parts, Watched};
pub use vitals::{Gait, RuntimeVitals, Vitals};

pub(super) use observer::{SLOW, STALLED};
