//! Whether the files of a deployment agree with one another.
//!
//! The start of a service judges its own settings. What it cannot see is what stands around it: whether it gets
//! the time to drain that it plans with, whether the proxy in front sends on what clients claim about
//! themselves, whether the network that is trusted is the network the proxy is in. These files are written by
//! different people at different times, and nothing fails until the day it matters.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("Dockerfile"), "FROM debian:latest\nCMD [\"/app\"]\n")?;
//!
//! let audit = mainstay_tool::audit::audit(folder.path())?;
//! let codes: Vec<_> = audit.problems.iter().map(|problem| problem.code).collect();
//! assert!(codes.contains(&"MS1002"), "{codes:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What cannot be judged (a value that only the running system knows, a file that is not understood) is said
//! to be so in [`Audit::not_judged`], and never taken for right.

mod discover;
mod files;
mod judge;
mod rules;
mod settings;
#[cfg(test)]
mod tests;
mod time;
mod yaml;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use mainstay_core::settings::Problem;

pub use rules::{RULES, Rule};

/// What came of an audit.
#[derive(Debug)]
pub struct Audit {
    /// Everything that is wrong, file by file.
    pub problems: Vec<Problem>,
    /// The files that were judged, with what they were taken for.
    pub judged: Vec<Judged>,
    /// What was not judged, and why.
    pub not_judged: Vec<NotJudged>,
}

/// A file that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Relative to the folder of the audit.
    pub path: PathBuf,
    /// What it was taken for, such as `Compose file`.
    pub kind: &'static str,
}

/// Something that was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJudged {
    /// The file, relative to the folder of the audit.
    pub path: PathBuf,
    /// What was not judged, and why: lower case, no full stop.
    pub reason: String,
}

/// Judges every file of a deployment in a folder and those below it.
///
/// # Errors
///
/// When the folder itself cannot be read. A file in it that cannot is [not judged](NotJudged).
pub fn audit(folder: &Path) -> io::Result<Audit> {
    let mut found = discover::discover(folder)?;
    let mut problems = judge::judge(&mut found);
    problems.sort_by(|one, other| place_of(one).cmp(&place_of(other)).then(one.code.cmp(other.code)));
    problems.dedup();
    let mut not_judged = found.not_judged;
    not_judged.sort_by(|one, other| (&one.path, &one.reason).cmp(&(&other.path, &other.reason)));
    not_judged.dedup();
    Ok(Audit { problems, judged: found.judged, not_judged })
}

impl Audit {
    /// Whether something is wrong that a deployment must not go out with.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// Where a problem is, for sorting.
fn place_of(problem: &Problem) -> Option<(PathBuf, usize)> {
    match &problem.place.as_ref()?.source {
        mainstay_core::settings::Source::EnvFile { path, line, .. } => Some((path.clone(), *line)),
        _ => None,
    }
}
