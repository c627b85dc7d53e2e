//! What building and testing needs beyond Rust, fetched once from the usual registries.

use anyhow::{Context, Result};

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

/// The servers that tests start, and the client of the README's tour, by their programs, each with Debian's package.
const SERVERS: [(&str, &str); 7] = [
    ("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
    ("/usr/bin/redis-server", "redis-server"),
    ("/usr/sbin/slapd", "slapd"),
    ("/usr/bin/ldapsearch", "ldap-utils"),
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/lib/python3/dist-packages/aiosmtpd/__init__.py", "python3-aiosmtpd"),
    ("/usr/bin/curl", "curl"),
];

/// Makes sure that the tests can be built and run.
///
/// # Errors
///
/// When there is no C compiler or a server is missing, and it cannot be installed.
pub(crate) fn for_tests() -> Result<Runner> {
    c_compiler()?;
    servers()?;
    namespaces();
    Ok(runner())
}

/// One test mounts a small disk where only its server sees it. Whoever is not root needs a namespace of users for that,
/// which Ubuntu's `AppArmor` withholds.
fn namespaces() {
    let unshare = || program("unshare", ["--user", "--map-root-user", "--mount", "true"]);
    if is_root() || command::succeeds(unshare()) {
        return;
    }
    anstream::eprintln!(
        "==> setup: a test mounts a disk of its own; allowing namespaces of users with sysctl"
    );
    let allow = ["--non-interactive", "sysctl", "--write", "kernel.apparmor_restrict_unprivileged_userns=0"];
    if let Err(error) = command::run(program("sudo", allow)) {
        anstream::eprintln!("   note: the test of a full disk will fail: {error:#}");
    }
}

fn is_root() -> bool {
    command::output(program("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// The servers that tests start: real ones, for there are no stand-ins.
fn servers() -> Result<()> {
    let is_there = |path: &str| command::succeeds(program("sh", ["-c", &format!("ls {path}")]));
    let missing: Vec<&str> =
        SERVERS.iter().filter(|(path, _)| !is_there(path)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    anstream::eprintln!("==> setup: tests start servers of their own; installing {names} with apt-get");
    install_by_apt(&missing).with_context(|| format!("tests need these packages: {names}"))
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

/// Installs packages without questions, and without starting their services: tests start their own. Debian asks
/// `policy-rc.d` about that; where there is none, one that says no is there for as long as this takes.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends "$@"
"#;

/// Installs Debian packages, by `sudo` where that asks for nothing and we are not root.
fn install_by_apt(packages: &[&str]) -> Result<()> {
    let shell = ["sh", "-c", INSTALL, "install"];
    let words = shell.iter().chain(packages);
    if is_root() {
        command::run(program("env", words))
    } else {
        command::run(program("sudo", ["--non-interactive"].iter().chain(words)))
    }
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
