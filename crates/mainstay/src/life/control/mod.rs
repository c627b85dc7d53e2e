//! The control socket: how a command on the same machine talks to the running process.
//!
//! A Unix socket in the data folder, for its owner alone: `worker` and `reload` speak through it. It is served beside
//! the runtime that requests run in, so it answers while that one stands still.
//!
//! | who connects | answer |
//! |---|---|
//! | the user that the process runs as, or root | the request is carried out, and audited |
//! | anybody else | the connection is closed: the mode of the socket says so, and so do the credentials of its peer |
//!
//! One request, one answer, one connection: a line of JSON each way.

mod client;
mod config;
mod server;
mod socket;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use client::{ControlError, ask};
pub use config::{ControlAddress, ControlSettings};
pub(super) use server::{ReloadWish, serve};
pub(super) use socket::ControlSocket;

/// Longest request and answer, in bytes.
const LONGEST_BYTES: u64 = 256 * 1024;

/// What a command asks of the running process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// Which process is this?
    Who {},
    /// How are the workers?
    Workers {},
    /// Restart a worker.
    Restart {
        /// Its name.
        worker: String,
        /// Whether it is known that it has failed too often.
        acknowledge: bool,
        /// Why it should be tried all the same.
        reason: String,
    },
    /// Hand over to a new process.
    Reload {},
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reply {
    /// What was asked for.
    Done(serde_json::Value),
    /// Why it was not done.
    Refused(String),
}
