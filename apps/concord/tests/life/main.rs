//! The life of the real program: handing over, stopping under load, and what systemd is told.
//!
//! Nothing here runs in the test's own process: the program is started, signalled and spoken to as an operator would.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test ends where its ground gives way"
)]

mod drain;
mod load;
mod lock;
mod program;
mod reload;
mod systemd;
mod watchdog;
mod workers;
