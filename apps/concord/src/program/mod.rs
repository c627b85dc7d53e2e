//! The program: the commands of every service, and Concord's own.
//!
//! | commands | work on | room |
//! |---|---|---|
//! | `validate`, `evaluate`, `show` | files, without a server | `files` |
//! | `import`, `export` | the whole store, as one document | `transfer` |
//! | `event`, `projection`, `alert` | the log, those who follow it, and who was told | `log` |

mod files;
mod log;
mod transfer;

use mainstay_cli::{Cli, CommandError, Context, Verdict};

use crate::service::Concord;
use crate::{evaluation, service};

/// The program with all its commands.
pub fn program() -> Cli<Concord> {
    let on_files = files::commands().into_iter().fold(Cli::new(Concord), |cli, command| {
        let name = command.get_name().to_owned();
        cli.command(command, move |_, matches, context| on_files(&name, matches, context))
    });
    let on_stores = transfer::commands().into_iter().fold(on_files, |cli, command| {
        let name = command.get_name().to_owned();
        cli.command(command, move |_, matches, context| transfer::run(&name, matches, context))
    });
    let on_logs = log::commands().into_iter().fold(on_stores, |cli, command| {
        let name = command.get_name().to_owned();
        cli.command(command, move |_, matches, context| log::run(&name, matches, context))
    });
    let explained = on_logs.explanations(transfer::EXPLANATIONS).explanations(log::EXPLANATIONS);
    let explained = explained.metrics(evaluation::FAMILIES).metrics(service::FAMILIES);
    files::ABBREVIATIONS.into_iter().fold(explained, |cli, (short, long)| cli.abbreviation(short, long))
}

/// Runs a command that works on files and never talks to a server.
fn on_files(
    name: &str,
    matches: &clap::ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let (directory, at) = (context.directory().to_owned(), context.clock().timestamp());
    let ending = files::run(name, matches, &directory, at, context.data())?;
    for line in ending.talk {
        context.say(line);
    }
    match ending.code {
        0 => Ok(Verdict::Good),
        1 => Ok(Verdict::Bad),
        _ => Err(CommandError::Said),
    }
}
