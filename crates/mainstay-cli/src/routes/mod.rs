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
use mainstay_core::settings::{Environment, Problem, read_pairs};

use crate::arguments::chosen_format;
use crate::{CommandError, Context, Verdict};

/// How a control stands on a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    On,
    Waived,
}

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let format = chosen_format(matches);
    let locked = matches.get_one::<PathBuf>("check");
    let is_lock = locked.is_some() || format == "lock";
    let table = if is_lock { default_table(service)? } else { table(service, context)? };
    if let Some(path) = locked {
        return check(path, &lock::lock(&table), context);
    }
    match format {
        "json" => context.json(&json::json(&table))?,
        "md" => write!(context.data(), "{}", markdown::markdown(&table))?,
        "lock" => write!(context.data(), "{}", lock::lock(&table))?,
        _ => write!(context.data(), "{}", text::text(&table))?,
    }
    Ok(Verdict::Good)
}

/// The routes of the service as its settings make them.
pub(crate) fn table<S: Service>(service: &S, context: &mut Context<'_>) -> Result<RouteTable, CommandError> {
    table_with(service, &context.settings::<Configuration<S>>()?)
}

/// The table for documents, as the defaults make it.
pub(crate) fn default_markdown<S: Service>(service: &S) -> Result<String, CommandError> {
    default_table(service).map(|table| markdown::markdown(&table))
}

/// The routes of the service as its defaults make them: the same on every machine.
fn default_table<S: Service>(service: &S) -> Result<RouteTable, CommandError> {
    let loaded = read_pairs::<Configuration<S>>(Environment::Development, &[]);
    let Some(configuration) = loaded.settings else {
        let wrong = loaded.report.problems.into_iter().find(Problem::is_error);
        return Err(wrong.map_or(CommandError::Settings, CommandError::from));
    };
    table_with(service, &configuration)
}

fn table_with<S: Service>(service: &S, configuration: &Configuration<S>) -> Result<RouteTable, CommandError> {
    let table = route_table(service, &configuration.runtime);
    table.map_err(|problems| StartError::Routes(problems).problem().into())
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
        if row.policy.waives(control) { Self::Waived } else { Self::On }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Waived => "waived",
        }
    }
}

/// The class of a row's limit, and what one identity and one address may do.
fn rate(row: &Row) -> String {
    let (class, address) = (row.limits.class, row.limits.address_rate(true));
    if class.rate == address {
        format!("{} {}", class.name, class.rate)
    } else {
        format!("{} {} (address {address})", class.name, class.rate)
    }
}

/// Who is let in first, and in which lane.
fn priority(row: &Row) -> String {
    let lane = if row.policy.slow { ", slow" } else { "" };
    format!("{}{lane}", row.policy.priority.as_str())
}

/// The waived controls, by name.
fn waived(row: &Row) -> Vec<&'static str> {
    row.policy.waivers.iter().map(|waiver| waiver.control.as_str()).collect()
}
