//! The commands `event`, `projection` and `alert`: what the log holds, how those who follow it are, and who was told.
//!
//! They work on the database itself, beside a service that may be running on it. Wishes of operators are noted
//! there, and carried out by the process that runs the projection.

mod alert;
mod event;
mod projection;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mainstay::life::Configuration;
use mainstay_cli::{CommandError, Context, Schema, Verdict, with_database};
use mainstay_core::Chain;
use mainstay_core::settings::{Explanation, Problem};
use mainstay_events::EventStore;

use crate::service::Concord;

/// What `check --explain` says of the codes of this room.
pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "CC0111",
        title: "the log cannot be read",
        text: "A command on the log met a database that failed, or a log with a hole in it. The message says which.\n\
               A hole means that the log was damaged, or restored in part: restore it whole from a backup.",
    },
    Explanation {
        code: "CC0112",
        title: "there is no such event or projection",
        text: "The command named a position, a stream, a projection or a key that is not there. `projection status`\n\
               lists projections and the keys that they have put aside; `event tail` shows the newest events.",
    },
    #[cfg(feature = "alerts")]
    Explanation {
        code: "CC0113",
        title: "a channel for alerts cannot be opened",
        text: "The settings are right by themselves, but what they name cannot be used: mostly certificates. The\n\
               message says which. Once a channel is open, `alert test` says what its receiver answers.",
    },
];

/// The commands.
pub(super) fn commands() -> [Command; 3] {
    let format = || {
        Arg::new("format")
            .long("format")
            .value_parser(["text", "json"])
            .default_value("text")
            .help("How to print")
    };
    let name = || Arg::new("name").value_name("NAME").required(true).help("The projection");
    let key = || {
        Arg::new("key")
            .long("key")
            .value_name("KEY")
            .help("Only this key that was put aside, a stream mostly; otherwise all of them")
    };
    let event = Command::new("event")
        .about("Look at the log of events")
        .subcommand_required(true)
        .subcommand(
            Command::new("show")
                .about("Show one event, or all events of a stream")
                .arg(Arg::new("what").value_name("POSITION|STREAM").required(true).help("Which"))
                .arg(format()),
        )
        .subcommand(
            Command::new("tail")
                .about("Show the newest events")
                .arg(
                    Arg::new("count")
                        .long("count")
                        .short('n')
                        .value_parser(value_parser!(u32).range(1..=10_000))
                        .default_value("20")
                        .help("How many"),
                )
                .arg(
                    Arg::new("follow")
                        .long("follow")
                        .short('f')
                        .action(ArgAction::SetTrue)
                        .help("Go on with what happens, until it is interrupted"),
                )
                .arg(format()),
        )
        .subcommand(Command::new("verify").about("Check that the log is whole: no gaps, no wrong heads"));
    let projection = Command::new("projection")
        .about("Look at what follows the log, and say what is to be done with what fails")
        .subcommand_required(true)
        .subcommand(Command::new("status").about("Show how the projections are").arg(format()))
        .subcommand(
            Command::new("retry").about("Try again what a projection could not apply").arg(name()).arg(key()),
        )
        .subcommand(
            Command::new("skip")
                .about(
                    "Leave out what a projection cannot apply: the event it stands at, or what was put aside",
                )
                .arg(name())
                .arg(key()),
        )
        .subcommand(
            Command::new("rebuild")
                .about("Build the read model anew from the log, beside the one that serves")
                .arg(name()),
        );
    let alert = Command::new("alert")
        .about("Look at the alerts that wait, and try whether they arrive")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("Show the alerts that nobody took so far").arg(format()));
    #[cfg(feature = "alerts")]
    let alert = alert
        .subcommand(Command::new("test").about("Send an alert through each channel that the settings name"));
    [alert, event, projection]
}

/// Runs the command of the name.
///
/// # Errors
///
/// See [`CommandError`].
pub(super) fn run(
    name: &str,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match name {
        "alert" => alert::run(matches, context),
        "event" => event::run(matches, context),
        _ => projection::run(matches, context),
    }
}

/// Opens the log, works with it, and closes it.
fn with_log<T>(
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&EventStore, &mut Context<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = context.settings::<Configuration<Concord>>()?.runtime;
    with_database(&Concord, &runtime, Schema::Current, context, async |database, context| {
        work(&EventStore::new(database.clone(), context.clock().clone()), context).await
    })
}

fn is_json(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("format").is_some_and(|format| format == "json")
}

fn unreadable<E: std::error::Error + 'static>(error: &E) -> CommandError {
    CommandError::of(error, |error| Problem::error("CC0111", Chain(error).to_string()))
}

#[cfg(feature = "alerts")]
fn untold(error: &dyn std::error::Error) -> CommandError {
    Problem::error("CC0113", Chain(error).to_string()).into()
}

fn not_there(what: String) -> CommandError {
    Problem::error("CC0112", what).help("`projection status` and `event tail` show what is there").into()
}
