//! Files that the programs print about themselves, and that are checked in so that a change is seen in review.

mod settings;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo};
use crate::step::Step;
use crate::workspace;

pub(crate) const GENERATED: Step =
    Step { name: "generated", what: "files that the programs print about themselves", work: check };

/// A checked-in file, the command that it comes from, and what becomes of that command's output.
struct File {
    path: &'static str,
    package: &'static str,
    command: &'static [&'static str],
    /// `None` where the output is the file.
    render: Option<fn(&str) -> Result<String>>,
}

/// A file that is the output of a command of the service.
const fn printed(path: &'static str, command: &'static [&'static str]) -> File {
    File { path, package: "concord", command, render: None }
}

const FILES: [File; 12] = [
    printed(".env.example", &["settings", "example"]),
    printed(".env.production.example", &["settings", "example", "--production"]),
    printed("config/development.env", &["settings", "example", "--config", "development"]),
    printed("config/staging.env", &["settings", "example", "--config", "staging"]),
    printed("config/production.env", &["settings", "example", "--config", "production"]),
    printed("routes.lock", &["routes", "--format", "lock"]),
    printed("docs/reference/routes.md", &["reference", "routes"]),
    printed("docs/reference/errors.md", &["reference", "errors"]),
    printed("docs/reference/diagnostics.md", &["reference", "diagnostics"]),
    printed("docs/reference/metrics.md", &["reference", "metrics"]),
    File {
        path: "docs/reference/settings.md",
        package: "concord",
        command: &["settings", "schema"],
        render: Some(settings::reference),
    },
    File {
        path: "docs/reference/audit.md",
        package: "mainstay-tool",
        command: &["audit", "--rules"],
        render: None,
    },
];

/// Compares every file with what the programs print now.
///
/// # Errors
///
/// When one differs, or a program cannot print it.
fn check() -> Result<()> {
    let mut stale = Vec::new();
    for file in &FILES {
        let checked_in = fs::read_to_string(workspace::root().join(file.path)).unwrap_or_default();
        if let Some(line) = first_difference(&checked_in, &print(file)?) {
            stale.push(format!("{}:{line}", file.path));
        }
    }
    if !stale.is_empty() {
        bail!("not current: {}; help: cargo xtask generated --write", stale.join(", "));
    }
    Ok(())
}

/// Writes every file as the programs print it now.
///
/// # Errors
///
/// When a program cannot print one, or it cannot be written.
pub(crate) fn write() -> Result<()> {
    for file in &FILES {
        let path = workspace::root().join(file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::write(&path, print(file)?).with_context(|| format!("cannot write {}", file.path))?;
        anstream::eprintln!("   written: {}", file.path);
    }
    Ok(())
}

/// The file as it should be, from the build that users get: default features, and no settings but defaults.
fn print(file: &File) -> Result<String> {
    let mut command = cargo(["run", "--quiet", "--locked", "--package", file.package, "--"]);
    command.args(file.command);
    let output = command::output(command)?;
    match file.render {
        None => Ok(output),
        Some(render) => render(&output),
    }
}

/// The number of the first line in which two texts differ, from 1.
fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        for (old, new, expected) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("a\n", "a\nb\n", Some(2)),
            ("", "a\n", Some(1)),
            ("a\nb", "a\nb\n", Some(3)),
        ] {
            assert_eq!(first_difference(old, new), expected, "{old:?} {new:?}");
        }
    }
}
