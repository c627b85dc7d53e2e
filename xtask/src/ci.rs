//! Everything that CI runs.

use anyhow::Result;

use crate::book::BOOK;
use crate::deployment::DEPLOYMENT;
use crate::generated::GENERATED;
use crate::layout::LAYOUT;
use crate::pages::PAGES;
use crate::release::MANIFESTS;
use crate::step::{self, Step};
use crate::test::TEST;
use crate::{command, setup};

pub(crate) const FMT: Step = Step { name: "fmt", what: "whether the code is formatted", work: fmt };
pub(crate) const CLIPPY: Step = Step {
    name: "clippy",
    what: "no warnings, with the default features, with all and with none",
    work: clippy,
};
pub(crate) const DOCS: Step = Step { name: "docs", what: "the documentation without warnings", work: docs };
pub(crate) const DENY: Step =
    Step { name: "deny", what: "advisories, licences and sources of the dependencies", work: deny };

/// Runs every step, cheapest first, and stops at the first that fails.
///
/// The tests come last and print last: who looks at the end of the log sees the test runner's summary.
///
/// # Errors
///
/// That of the first step that fails.
pub(crate) fn run() -> Result<()> {
    setup::for_tests()?;
    let mut times = Vec::new();
    for step in [FMT, LAYOUT, PAGES, MANIFESTS, BOOK, DENY, CLIPPY, DOCS, GENERATED, DEPLOYMENT] {
        let took = step.run_quietly(step.work)?;
        times.push((step, took));
    }
    anstream::eprint!("==> steps so far\n{}", step::table(&times));
    TEST.run_quietly(TEST.work).map(drop)
}

/// Whether the code is formatted.
fn fmt() -> Result<()> {
    command::run(command::cargo(["fmt", "--all", "--check"]))
}

/// Between them they use every crate that has features. Not the whole workspace: the test kit turns them on again.
const FEATURELESS: [&str; 4] = ["--package", "mainstay-cli", "--package", "concord"];

/// Clippy three times: what users build by default, everything including what only rehearsals use, and what is left
/// when every part that can be compiled out is.
fn clippy() -> Result<()> {
    let run = |of: &[&str]| {
        let strict = ["--locked", "--", "--deny", "warnings"];
        command::run(command::cargo(["clippy"].iter().chain(of).chain(&strict)))
    };
    run(&["--workspace", "--all-targets"])?;
    run(&["--workspace", "--all-targets", "--all-features"])?;
    run(&[&FEATURELESS[..], &["--no-default-features"]].concat())
}

/// The documentation of all crates, every warning an error: a broken link is a broken promise.
fn docs() -> Result<()> {
    let mut command = command::cargo(["doc", "--workspace", "--no-deps", "--all-features", "--locked"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    command::run(command)
}

/// `cargo deny`: licences, bans and sources by what is here, advisories by their database: the newest, or else the copy
/// that was fetched last.
fn deny() -> Result<()> {
    let check = ["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    command::run(setup::deny(&check)?)?;
    let fetched = command::run(setup::deny(&["--workspace", "fetch", "db"])?);
    if fetched.is_ok() || setup::has_advisories()? {
        return command::run(setup::deny(&[
            "--offline",
            "--workspace",
            "check",
            "--hide-inclusion-graph",
            "advisories",
        ])?);
    }
    anstream::eprintln!(
        "   note: advisories were NOT JUDGED: there is no copy of their database, and it cannot be reached from \
         here; the daily run of .github/workflows/ci.yml judges them"
    );
    Ok(())
}
