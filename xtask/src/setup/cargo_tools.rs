//! Tools that cargo builds and installs where they are missing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{self, cargo, program};

/// A tool and what it is built with.
struct Tool {
    package: &'static str,
    version: &'static str,
    features: &'static [&'static str],
}

const NEXTEST: Tool = Tool { package: "cargo-nextest", version: "0.9.143", features: &[] };
const DENY: Tool = Tool { package: "cargo-deny", version: "0.20.2", features: &[] };
/// Without what watches and serves.
const MDBOOK: Tool = Tool {
    package: "mdbook",
    version: "0.5.4",
    features: &["--no-default-features", "--features", "search"],
};

/// Which program runs the tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Runner {
    /// `cargo nextest`: a process a test, with time limits.
    Nextest,
    /// `cargo test`: always there.
    Cargo,
}

/// The test runner: nextest where it is or can be installed.
pub(super) fn runner() -> Runner {
    match NEXTEST.ensure(|| cargo(["nextest", "--version"])) {
        Ok(()) => Runner::Nextest,
        Err(error) => {
            anstream::eprintln!(
                "   note: without cargo-nextest ({error:#}); `cargo test` runs the same tests"
            );
            Runner::Cargo
        }
    }
}

/// `cargo deny` with these arguments.
///
/// # Errors
///
/// When it is not there and cannot be installed.
pub(crate) fn deny(arguments: &[&str]) -> Result<Command> {
    let deny = |arguments: &[&str]| cargo(["deny"].iter().chain(arguments));
    DENY.ensure(|| deny(&["--version"]))?;
    Ok(deny(arguments))
}

/// Whether there is a copy of the database of advisories, fetched now or earlier.
///
/// # Errors
///
/// When nobody says where cargo is at home.
pub(crate) fn has_advisories() -> Result<bool> {
    let copies = cargo_home()?.join("advisory-dbs");
    Ok(copies
        .read_dir()
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir()))))
}

/// `mdbook` with these arguments.
///
/// # Errors
///
/// When it is not there and cannot be installed.
pub(crate) fn mdbook(arguments: &[&str]) -> Result<Command> {
    if command::succeeds(program("mdbook", ["--version"])) {
        return Ok(program("mdbook", arguments));
    }
    // Where cargo installs to need not be on the path.
    let installed = cargo_home()?.join("bin/mdbook");
    let installed = installed.to_str().context("the path of cargo's home is not UTF-8")?;
    MDBOOK.ensure(|| program(installed, ["--version"]))?;
    Ok(program(installed, arguments))
}

impl Tool {
    /// Installs the tool where it cannot be asked for its version.
    fn ensure(&self, ask: impl Fn() -> Command) -> Result<()> {
        let Self { package, version, features } = self;
        if command::succeeds(ask()) {
            return Ok(());
        }
        anstream::eprintln!("==> setup: {package} is not installed; building it takes some minutes, once");
        // Without optimisation it is there in a third of the time, and it is asked for little.
        let words = ["install", "--debug", "--locked", "--version", version, package];
        command::run(cargo(words.iter().chain(*features)))?;
        anyhow::ensure!(command::succeeds(ask()), "{package} was built, but is not found");
        Ok(())
    }
}

fn cargo_home() -> Result<PathBuf> {
    let home = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    home("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| home("HOME").map(|home| PathBuf::from(home).join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}
