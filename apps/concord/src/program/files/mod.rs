//! The commands that work on files: `validate`, `evaluate`, `show`. They never talk to a server.
//!
//! [`commands`] describes them to clap; [`run`] does what the arguments say, writes data to the writer it is given, and
//! returns what to say beside it and the code to exit with: 0 fine, 1 what was looked at is not, 2 wrong arguments or no
//! such file.

mod evaluate;
mod scene;
mod show;
mod validate;

use std::io::{self, Write};
use std::path::Path;

use clap::{ArgMatches, Command};
use jiff::Timestamp;

use self::scene::{Failure, Scene};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The code to exit with.
    pub(super) code: u8,
    /// What to say on standard error, line by line.
    pub(super) talk: Vec<String>,
}

/// The commands.
pub(super) fn commands() -> [Command; 3] {
    [validate::command(), evaluate::command(), show::command()]
}

/// Runs the command of the name. Paths are taken relative to `directory`, results are stamped with `at`.
///
/// # Errors
///
/// `data` cannot be written.
pub(super) fn run(
    name: &str,
    matches: &ArgMatches,
    directory: &Path,
    at: Timestamp,
    data: &mut dyn Write,
) -> io::Result<Ending> {
    let mut scene = Scene::new(directory, at, data);
    let result = match (name, matches.subcommand()) {
        ("validate", Some((what, matches))) => validate::run(what, matches, &mut scene),
        ("evaluate", Some((what, matches))) => evaluate::run(what, matches, &mut scene),
        ("show", Some((what, matches))) => show::run(what, matches, &mut scene),
        _ => Err(Failure::usage(format!("error: nothing is known of '{name}'"))),
    };
    let mut talk = scene.into_talk();
    let code = match result {
        Ok(code) => code,
        Err(Failure::Output(error)) => return Err(error),
        Err(Failure::Said { code, lines }) => {
            talk.extend(lines);
            code
        }
    };
    Ok(Ending { code, talk })
}

/// Abbreviations of two letters, which the original has and clap would read as `-c r`.
pub(super) const ABBREVIATIONS: [(&str, &str); 1] = [("-cr", "--cluster-rules")];

#[cfg(test)]
mod tests;
