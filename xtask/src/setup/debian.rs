//! What comes as a package of Debian.

use anyhow::{Context, Result};

use crate::command::{self, program};

/// A file that is there once a package is installed, and the package. The path is a pattern of the shell.
type Needed = (&'static str, &'static str);

/// The servers that tests start, what gives one of them a small disk, and the client of the README's tour.
const SERVERS: [Needed; 8] = [
    ("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
    ("/usr/bin/redis-server", "redis-server"),
    ("/usr/sbin/slapd", "slapd"),
    ("/usr/bin/ldapsearch", "ldap-utils"),
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/lib/python3/dist-packages/aiosmtpd/__init__.py", "python3-aiosmtpd"),
    ("/usr/bin/mount", "mount"),
    ("/usr/bin/curl", "curl"),
];

/// Those who read the files under `deploy/`, and what the tools of Python are installed with.
const JUDGES: [Needed; 4] = [
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/bin/systemd-analyze", "systemd"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/lib/python3*/ensurepip/__init__.py", "python3-venv"),
];

/// The servers that tests start: real ones, for there are no stand-ins.
pub(super) fn servers() -> Result<()> {
    packages("tests start servers of their own", &SERVERS)
}

/// Makes sure that there is somebody to judge each file under `deploy/`.
///
/// # Errors
///
/// When a package is missing and cannot be installed.
pub(crate) fn judges_of_deployments() -> Result<()> {
    packages("the files under deploy/ are judged by those who read them", &JUDGES)
}

/// A C compiler: the bundled SQLite is C.
pub(super) fn c_compiler() -> Result<()> {
    if command::succeeds(program("cc", ["--version"])) {
        return Ok(());
    }
    anstream::eprintln!("==> setup: there is no C compiler; installing gcc with apt-get");
    install(&["gcc", "libc6-dev"])
        .context("a C compiler is needed (the bundled SQLite is C); install gcc and libc6-dev")
}

/// Installs those packages of these that are not there.
fn packages(reason: &str, needed: &[Needed]) -> Result<()> {
    let is_there = |path: &str| command::succeeds(program("sh", ["-c", &format!("ls {path}")]));
    let missing: Vec<&str> =
        needed.iter().filter(|(path, _)| !is_there(path)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    anstream::eprintln!("==> setup: {reason}; installing {names} with apt-get");
    install(&missing).with_context(|| format!("{reason}: these packages are needed: {names}"))
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
fn install(packages: &[&str]) -> Result<()> {
    let shell = ["sh", "-c", INSTALL, "install"];
    let words = shell.iter().chain(packages);
    if is_root() {
        command::run(program("env", words))
    } else {
        command::run(program("sudo", ["--non-interactive"].iter().chain(words)))
    }
}

pub(super) fn is_root() -> bool {
    command::output(program("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}
