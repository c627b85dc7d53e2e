//! The tests of all crates.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::server::{self, SharedServer};
use crate::setup::{self, Runner};
use crate::step::Step;

pub(crate) const TEST: Step = Step {
    name: "test",
    what: "documentation tests, tests of storage on PostgreSQL, then all tests",
    work: || run(&[]),
};

/// Everything is tested with all features: they only add.
const COMMON: [&str; 2] = ["--all-features", "--locked"];

/// The variable that tells tests which of the two databases to use where either will do; `mainstay-servers` reads it.
const DATABASE: &str = "MAINSTAY_TEST_DATABASE";

/// The tests that use whichever database they are told to, by package and target. All others would do the same twice.
const OF_STORAGE: [(&str, &[&str]); 4] = [
    ("mainstay-events", &["--lib"]),
    ("mainstay", &["--lib"]),
    ("mainstay-testkit", &["--test=guard", "--test=operations", "--test=service"]),
    ("concord", &["--lib", "--test=api", "--test=evaluation"]),
];

/// The rooms of `mainstay` that keep something, without what keeps nothing there and what names its database itself.
const ROOMS: &str =
    "test(/^(identity|session)::/) & not test(/^identity::(ldap|password|throttle)::|::(sqlite|postgres)::/)";

/// Sets up what tests need and runs them; `arguments` go to the runner.
///
/// Who hands on arguments looks for a few tests, and has them once. Otherwise there are three passes: documentation
/// tests, the tests of storage on PostgreSQL, and all tests. The last one prints the summary of the whole.
///
/// # Errors
///
/// When the set-up or a test fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let runner = setup::for_tests()?;
    let is_whole = arguments.is_empty();
    if is_whole {
        command::run(cargo(["test", "--doc", "--quiet", "--workspace"].iter().chain(&COMMON)))?;
    }
    let server = SharedServer::start()?;
    let pass = |words: &[String], database: Option<&str>| {
        let mut tests = cargo(words);
        tests.env(server::VARIABLE, &server.url);
        tests.envs(database.map(|kind| (DATABASE, kind)));
        command::run(tests)
    };
    if is_whole {
        anstream::eprintln!("==> the tests of storage, on PostgreSQL");
        for words in of_storage(runner) {
            pass(&words, Some("postgres"))?;
        }
        anstream::eprintln!("==> all tests");
    }
    pass(&words(runner, arguments), None)
}

/// The commands of the pass on PostgreSQL.
fn of_storage(runner: Runner) -> Vec<Vec<String>> {
    if runner == Runner::Nextest {
        // The same build as that of the last pass, and a choice among its tests.
        let one = |(package, targets): &(&str, &[&str])| {
            let targets: Vec<_> = targets
                .iter()
                .map(|target| match target.strip_prefix("--test=") {
                    Some(name) => format!("binary(={name})"),
                    None => "kind(lib)".to_owned(),
                })
                .collect();
            let rooms = if *package == "mainstay" { format!(" & ({ROOMS})") } else { String::new() };
            format!("(package(={package}) & ({}){rooms})", targets.join(" | "))
        };
        let filter = OF_STORAGE.iter().map(one).collect::<Vec<_>>().join(" | ");
        return vec![words(runner, &["--filterset".to_owned(), filter])];
    }
    let one = |(package, targets): &(&str, &[&str])| {
        let words = ["test", "--no-fail-fast", "--package", package].into_iter();
        words.chain(COMMON).chain(targets.iter().copied()).map(str::to_owned).collect()
    };
    OF_STORAGE.iter().map(one).collect()
}

fn words(runner: Runner, arguments: &[String]) -> Vec<String> {
    let program: &[&str] = match runner {
        Runner::Nextest => &["nextest", "run"],
        // All targets, so that documentation tests do not run twice.
        Runner::Cargo => &["test", "--all-targets", "--no-fail-fast"],
    };
    // Who names packages wants these and no others built.
    let names_packages = arguments.iter().any(|word| word.starts_with("-p") || word.starts_with("--package"));
    let scope: &[&str] = if names_packages { &[] } else { &["--workspace"] };
    let fixed = program.iter().chain(scope).chain(&COMMON).map(|word| (*word).to_owned());
    fixed.chain(arguments.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_test_the_whole_workspace() {
        for runner in [Runner::Nextest, Runner::Cargo] {
            let words = words(runner, &[]).join(" ");
            assert!(words.ends_with(" --workspace --all-features --locked"), "{words}");
        }
    }

    #[test]
    fn named_packages_are_built_alone() {
        for name in [&["-p", "mainstay-db"][..], &["-pmainstay-db"], &["--package=mainstay-db"]] {
            let given: Vec<String> = name.iter().map(|word| (*word).to_owned()).collect();
            let words = words(Runner::Nextest, &given);
            assert!(!words.contains(&"--workspace".to_owned()) && words.ends_with(&given), "{words:?}");
        }
    }

    #[test]
    fn both_runners_test_storage_with_the_features_of_the_whole() {
        let nextest = of_storage(Runner::Nextest);
        let [words] = nextest.as_slice() else { panic!("one command: {nextest:?}") };
        assert!(words.join(" ").starts_with("nextest run --workspace --all-features --locked --filterset "));
        let filter = words.last().expect("a filter");
        for part in [
            "(package(=mainstay-events) & (kind(lib)))",
            "(package(=mainstay) & (kind(lib)) & (test(/^(identity|session)::/) & not ",
            "(package(=concord) & (kind(lib) | binary(=api) | binary(=evaluation)))",
        ] {
            assert!(filter.contains(part), "{filter}");
        }
        let cargo = of_storage(Runner::Cargo);
        assert_eq!(cargo.len(), OF_STORAGE.len());
        assert_eq!(
            cargo[3].join(" "),
            "test --no-fail-fast --package concord --all-features --locked --lib --test=api --test=evaluation"
        );
    }
}
