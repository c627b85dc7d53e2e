//! What building and testing needs beyond Rust, fetched once from the usual registries.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo, program};

/// The test runner's version, so that every machine prints the same.
const NEXTEST_VERSION: &str = "0.9.143";

/// Which program runs the tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Runner {
    /// `cargo nextest`: a process a test, with time limits.
    Nextest,
    /// `cargo test`: always there.
    Cargo,
}

/// Makes sure that the tests can be built and run.
///
/// # Errors
///
/// When there is no C compiler and none can be installed.
pub(crate) fn for_tests() -> Result<Runner> {
    c_compiler()?;
    directory();
    Ok(runner())
}

/// slapd, which the tests of LDAP start for themselves. Where it cannot be had, they say that they were skipped.
fn directory() {
    if Path::new("/usr/sbin/slapd").exists() {
        return;
    }
    anstream::eprintln!("==> setup: there is no slapd; installing it with apt-get");
    // The program alone: no directory of its own, and so nothing that the package would start.
    let bare = "echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections";
    if let Err(error) = as_root(&["sh", "-c", bare]).and_then(|()| install_by_apt(&["slapd"])) {
        anstream::eprintln!("   note: without slapd ({error:#}), the tests of LDAP are skipped");
    }
}

/// A C compiler: the bundled SQLite is C.
fn c_compiler() -> Result<()> {
    if command::succeeds(program("cc", ["--version"])) {
        return Ok(());
    }
    anstream::eprintln!("==> setup: there is no C compiler; installing gcc with apt-get");
    install_by_apt(&["gcc", "libc6-dev"])
        .context("a C compiler is needed (the bundled SQLite is C); install gcc and libc6-dev")
}

/// Installs Debian packages without asking anything.
fn install_by_apt(packages: &[&str]) -> Result<()> {
    let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    as_root(&[&apt[..], &["update"]].concat())?;
    as_root(&[&apt[..], &["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// Runs a program by `sudo`, where that asks for nothing and we are not root.
fn as_root(words: &[&str]) -> Result<()> {
    let is_root = command::output(program("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    let prefix: &[&str] = if is_root { &[] } else { &["sudo", "--non-interactive"] };
    let words = [prefix, words].concat();
    let Some((name, rest)) = words.split_first() else { bail!("nothing to run") };
    command::run(program(name, rest))
}

/// The test runner: nextest where it is or can be installed.
fn runner() -> Runner {
    let installed = || command::succeeds(cargo(["nextest", "--version"]));
    if installed() {
        return Runner::Nextest;
    }
    anstream::eprintln!(
        "==> setup: cargo-nextest is not installed; building it takes some ten minutes, once"
    );
    let install = cargo(["install", "--locked", "--version", NEXTEST_VERSION, "cargo-nextest"]);
    match command::run(install) {
        Ok(()) if installed() => Runner::Nextest,
        Ok(()) => fall_back("it was built, but cargo does not find it"),
        Err(error) => fall_back(&format!("{error:#}")),
    }
}

fn fall_back(reason: &str) -> Runner {
    anstream::eprintln!("   note: without cargo-nextest ({reason}); `cargo test` runs the same tests");
    Runner::Cargo
}
