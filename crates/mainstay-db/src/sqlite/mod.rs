//! The SQLite driver: all that the rest of the crate knows of SQLite, and the only place that names sqlx.

mod convert;
mod driver;
mod error;
mod file;

pub(crate) use driver::{Driver, Options};
pub(crate) use file::{Location, PrepareError, network_filesystem};
