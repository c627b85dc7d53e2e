//! The tests of all crates.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::server::{self, SharedServer};
use crate::setup::{self, Runner};
use crate::step::Step;

pub(crate) const TEST: Step =
    Step { name: "test", what: "documentation tests, then all other tests", work: || run(&[]) };

/// Everything is tested with all features: they only add.
const COMMON: [&str; 2] = ["--all-features", "--locked"];

/// Sets up what tests need and runs them; `arguments` go to the runner.
///
/// # Errors
///
/// When the set-up or a test fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let runner = setup::for_tests()?;
    // Who hands on arguments looks for a few tests; documentation tests know neither filters nor profiles.
    if arguments.is_empty() {
        command::run(cargo(["test", "--doc", "--quiet", "--workspace"].iter().chain(&COMMON)))?;
    }
    let server = SharedServer::start()?;
    let mut tests = cargo(words(runner, arguments));
    tests.env(server::VARIABLE, &server.url);
    command::run(tests)
}

fn words(runner: Runner, arguments: &[String]) -> Vec<&str> {
    let program: &[&str] = match runner {
        Runner::Nextest => &["nextest", "run"],
        // All targets, so that documentation tests do not run twice.
        Runner::Cargo => &["test", "--all-targets", "--no-fail-fast"],
    };
    // Who names packages wants these and no others built.
    let names_packages = arguments.iter().any(|word| word.starts_with("-p") || word.starts_with("--package"));
    let scope: &[&str] = if names_packages { &[] } else { &["--workspace"] };
    let given = arguments.iter().map(String::as_str);
    program.iter().chain(scope).chain(&COMMON).copied().chain(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_test_the_whole_workspace() {
        for runner in [Runner::Nextest, Runner::Cargo] {
            assert!(
                words(runner, &[]).ends_with(&["--workspace", "--all-features", "--locked"]),
                "{runner:?}"
            );
        }
    }

    #[test]
    fn named_packages_are_built_alone() {
        for name in [&["-p", "mainstay-db"][..], &["-pmainstay-db"], &["--package=mainstay-db"]] {
            let given: Vec<String> = name.iter().map(|word| (*word).to_owned()).collect();
            let words = words(Runner::Nextest, &given);
            assert!(!words.contains(&"--workspace") && words.ends_with(name), "{words:?}");
        }
    }
}
