//! Measurements, in a release build.

use anyhow::Result;

use crate::command::{self, cargo};

/// Runs one scenario of the `bench` crate; it builds and starts the service itself.
///
/// # Errors
///
/// When something does not work. A figure beyond its limit is shown, and is no error.
pub(crate) fn run(scenario: &str, arguments: &[String]) -> Result<()> {
    let words = ["run", "--release", "--locked", "--package", "bench", "--", scenario].map(str::to_owned);
    command::run(cargo(words.into_iter().chain(arguments.iter().cloned())))
}
