//! Cargo, as those call it who stand outside of it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// `cargo` with these arguments; what it says to stderr goes through.
///
/// Cargo tells what it runs which package that is, and some build scripts listen: what this built would be built anew by the
/// next cargo in a shell, and that again by this one.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let told = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| told.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command.args(arguments).stderr(Stdio::inherit());
    command
}

/// Builds and runs an example that measures inside the process; returns what it prints.
///
/// # Errors
///
/// When it does not compile, or does not end well.
pub(crate) fn example(package: &str, name: &str, arguments: &[&str]) -> Result<String> {
    let mut command = cargo(&["run", "--release", "--locked", "--package", package, "--example", name, "--"]);
    let output = command.args(arguments).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "{name} ended with {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed something that is not UTF-8"))
}
