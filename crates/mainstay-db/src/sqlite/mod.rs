//! The SQLite driver: all that the rest of the crate knows of SQLite, and the only place that names sqlx.
//!
//! A second database is a second module with the same `Driver`; the connection above it becomes an enum.

mod convert;
mod driver;
mod error;
mod file;

pub(crate) use driver::{Begin, Driver, Options, Role};
pub(crate) use file::{Location, PrepareError, network_filesystem};
