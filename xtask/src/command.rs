//! Starting other programs, in the open: each command is printed before it runs.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// `cargo` with these arguments, in the root of the repository.
pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    // Cargo tells its sub-processes which cargo it is, so that a toolchain override holds for all.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_about_this_package))
    {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(workspace::root());
    command
}

/// What cargo tells what it runs, of which package it is. Some build scripts listen: what is built from here would be built
/// anew by the next cargo in a shell, and that again from here.
fn is_about_this_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Any other program with these arguments, in the root of the repository.
pub(crate) fn program<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(name: &str, arguments: I) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Prints the command, runs it and waits for it.
///
/// # Errors
///
/// When it cannot be started, or does not exit with 0.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let line = describe(&command);
    anstream::eprintln!("    $ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs the command and returns what it printed to stdout; its stderr goes through.
///
/// # Errors
///
/// As [`run`]; also when the output is not UTF-8.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let line = describe(&command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether the command can be started and succeeds; what it prints is dropped.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command as a person would type it.
fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_described_by_its_name_and_arguments() {
        let command = program("/usr/bin/git", ["ls-files", "*.rs"]);
        assert_eq!(describe(&command), "git ls-files *.rs");
    }

    #[test]
    fn a_command_that_fails_is_an_error_that_names_it() {
        let error = run(program("false", ["--now"])).expect_err("`false` fails");
        assert!(error.to_string().starts_with("`false --now` ended with"), "{error}");
    }

    #[test]
    fn a_program_that_does_not_exist_does_not_succeed() {
        assert!(!succeeds(program("no-such-program-here", ["--version"])));
    }
}
