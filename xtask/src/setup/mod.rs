//! What building, testing and judging needs beyond Rust, fetched once from the usual registries.
//!
//! Each task asks for what it is about to use, so that none is left out because a tool was missing.

mod cargo_tools;
mod debian;
mod python_tools;

use anyhow::Result;

use crate::command::{self, program};

pub(crate) use cargo_tools::{Runner, deny, has_advisories, mdbook};
pub(crate) use debian::judges_of_deployments;
pub(crate) use python_tools::{GIXY, KUBERNETES_VALIDATE};

/// Makes sure that the tests can be built and run.
///
/// # Errors
///
/// When there is no C compiler or a server is missing, and it cannot be installed.
pub(crate) fn for_tests() -> Result<Runner> {
    debian::c_compiler()?;
    debian::servers()?;
    namespaces();
    Ok(cargo_tools::runner())
}

/// One test mounts a small disk where only its server sees it. Whoever is not root needs a namespace of users for that,
/// which Ubuntu's `AppArmor` withholds.
fn namespaces() {
    let unshare = || program("unshare", ["--user", "--map-root-user", "--mount", "true"]);
    if debian::is_root() || command::succeeds(unshare()) {
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
