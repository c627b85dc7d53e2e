//! `routes`.

mod json;
mod lock;
mod markdown;
mod text;

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use mainstay::life::{Configuration, StartError, route_table};
use mainstay::routes::{RouteTable, Row};
use mainstay::{Control, Service};
use mainstay_core::Chain;
use mainstay_core::settings::Problem;

use crate::arguments::chosen_format;
use crate::{CommandError, Context, Verdict};

/// How a control stands on a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    On,
    Waived,
    NotBuilt,
}

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let table = table(service, context)?;
    if let Some(path) = matches.get_one::<PathBuf>("check") {
        return check(path, &lock::lock(&table), context);
    }
    match chosen_format(matches) {
        "json" => context.json(&json::json(&table))?,
        "md" => write!(context.data(), "{}", markdown::markdown(&table))?,
        "lock" => write!(context.data(), "{}", lock::lock(&table))?,
        _ => write!(context.data(), "{}", text::text(&table))?,
    }
    Ok(Verdict::Good)
}

/// The routes of the service as its settings make them.
pub(crate) fn table<S: Service>(service: &S, context: &mut Context<'_>) -> Result<RouteTable, CommandError> {
    let runtime = context.settings::<Configuration<S>>()?.runtime;
    route_table(service, &runtime).map_err(|problems| StartError::Routes(problems).problem().into())
}

fn check(path: &Path, current: &str, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let shown = path.display();
    let locked = std::fs::read_to_string(context.directory().join(path)).map_err(|error| {
        Problem::error("MS0007", format!("{shown} cannot be read"))
            .because(Chain(&error).to_string())
            .help(format!("write it with `{} routes --format lock > {shown}`", context.program()))
    })?;
    let missing = |of: &str, other: &str, sign: char| {
        let lines = of.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    let changes = [missing(&locked, current, '-'), missing(current, &locked, '+')].concat();
    for change in &changes {
        writeln!(context.data(), "{change}")?;
    }
    if !changes.is_empty() {
        let command = format!("{} routes --format lock > {shown}", context.program());
        context.say(format_args!("the routes differ from {shown}\nhelp: review them, then `{command}`"));
    }
    Ok(Verdict::good_if(changes.is_empty()))
}

impl State {
    fn of(control: Control, row: &Row) -> Self {
        if row.policy.waives(control) {
            Self::Waived
        } else if control.is_built() {
            Self::On
        } else {
            Self::NotBuilt
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Waived => "waived",
            Self::NotBuilt => "not built",
        }
    }
}

/// The rate class of a row, as its listing writes it.
fn rate(row: &Row) -> String {
    format!("{} {}", row.policy.limit.name, row.policy.limit.rate)
}

/// The waived controls, by name.
fn waived(row: &Row) -> Vec<&'static str> {
    row.policy.waivers.iter().map(|waiver| waiver.control.as_str()).collect()
}
