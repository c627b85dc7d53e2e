//! The tests of all crates.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::setup::{self, Runner};
use crate::step::Step;

pub(crate) const TEST: Step =
    Step { name: "test", what: "documentation tests, then all other tests", work: || run(&[]) };

/// Everything is tested with all features: they only add.
const ALL: [&str; 3] = ["--workspace", "--all-features", "--locked"];

/// Sets up what tests need and runs them; `arguments` go to the runner.
///
/// # Errors
///
/// When the set-up or a test fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let runner = setup::for_tests()?;
    // Who hands on arguments looks for a few tests; documentation tests know neither filters nor profiles.
    if arguments.is_empty() {
        command::run(cargo(["test", "--doc", "--quiet"].iter().chain(&ALL)))?;
    }
    let words = words(runner).into_iter().map(str::to_owned);
    command::run(cargo(words.chain(arguments.iter().cloned())))
}

fn words(runner: Runner) -> Vec<&'static str> {
    match runner {
        Runner::Nextest => ["nextest", "run"].into_iter().chain(ALL).collect(),
        // All targets, so that documentation tests do not run twice.
        Runner::Cargo => ["test", "--all-targets", "--no-fail-fast"].into_iter().chain(ALL).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_test_the_whole_workspace() {
        for runner in [Runner::Nextest, Runner::Cargo] {
            assert!(words(runner).ends_with(&ALL), "{runner:?}");
        }
    }
}
