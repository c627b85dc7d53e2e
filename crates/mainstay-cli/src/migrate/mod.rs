//! `migrate`.

mod copy;

use std::path::PathBuf;

use clap::ArgMatches;
use mainstay::Service;
use mainstay_core::Chain;
use mainstay_core::settings::Problem;
use mainstay_db::{
    Dialect, HistoryEntry, LintFinding, MigrationId, MigrationState, MigrationStatus, Migrations, Target,
    create_migration,
};
use serde_json::{Value, json};

use crate::arguments::chosen_format;
use crate::database::{migrated_by, runtime};
use crate::{CommandError, Context, Schema, Verdict, with_database};

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("up", matches)) => up(service, matches, context),
        Some(("down", matches)) => down(service, matches, context),
        Some(("status", matches)) => status(service, matches, context),
        Some(("history", matches)) => history(service, matches, context),
        Some(("copy", matches)) => copy::run(service, matches, context),
        Some((_, matches)) => new(matches, context),
        None => Ok(Verdict::Good),
    }
}

fn up<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let target = matches.get_one::<String>("to").map(|text| text.parse::<Target>()).transpose();
    let target = target.map_err(|_| {
        let problem = Problem::error("MS0004", "--to names no migration");
        problem.help("write a number, such as 3, or a source and a number, such as events/3")
    })?;
    let runtime = runtime::<S>(context)?;
    let applied = with_database(service, &runtime, Schema::Any, context, async |database, context| {
        let by = migrated_by::<S>(&runtime);
        Ok(mainstay::migrations_of(service).up(database, context.clock(), target.as_ref(), &by).await?)
    })?;
    for migration in &applied {
        writeln!(context.data(), "applied {migration}")?;
    }
    if applied.is_empty() {
        context.say("nothing to apply: the schema is current");
    }
    Ok(Verdict::Good)
}

fn down<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let steps = matches.get_one::<u32>("steps").copied().unwrap_or(1);
    let runtime = runtime::<S>(context)?;
    if runtime.environment.is_strict() && !matches.get_flag("yes") {
        let environment = runtime.environment.name();
        let problem =
            Problem::error("MS0005", format!("this is {environment}: undoing a migration loses data"));
        return Err(problem.help("make a backup, then say --yes").into());
    }
    let undone = with_database(service, &runtime, Schema::Any, context, async |database, context| {
        let by = migrated_by::<S>(&runtime);
        Ok(mainstay::migrations_of(service).down(database, context.clock(), steps, &by).await?)
    })?;
    for migration in &undone {
        writeln!(context.data(), "undone {migration}")?;
    }
    if undone.is_empty() {
        context.say("nothing to undo: no migration is applied");
    }
    Ok(Verdict::Good)
}

fn status<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let runtime = runtime::<S>(context)?;
    let migrations = mainstay::migrations_of(service);
    let status = with_database(service, &runtime, Schema::Any, context, async |database, _| {
        Ok(migrations.status(database).await?)
    })?;
    if matches.get_flag("lint") {
        return lint(&migrations, &status, matches, context);
    }
    if chosen_format(matches) == "json" {
        context.json(&status.iter().map(status_json).collect::<Vec<_>>())?;
    } else {
        for MigrationStatus { id, state } in &status {
            let since = match state {
                MigrationState::Applied { at, took } => format!("  {at:.0} in {} ms", took.as_millis()),
                _ => String::new(),
            };
            writeln!(context.data(), "{:8}  {id}{since}", state.as_str())?;
        }
    }
    let is_current = status.iter().all(|status| matches!(status.state, MigrationState::Applied { .. }));
    if !is_current {
        context.say(format_args!("the schema is not current: see `{} migrate up --help`", context.program()));
    }
    Ok(Verdict::good_if(is_current))
}

/// Dangerous steps in what is pending here, for each database that is served.
fn lint(
    migrations: &Migrations,
    status: &[MigrationStatus],
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let is_pending =
        |id: &MigrationId| status.iter().any(|one| one.id == *id && one.state == MigrationState::Pending);
    let found: Vec<_> = [Dialect::Sqlite, Dialect::Postgres]
        .into_iter()
        .flat_map(|dialect| migrations.lint(dialect, is_pending))
        .collect();
    if chosen_format(matches) == "json" {
        context.json(&found.iter().map(finding_json).collect::<Vec<_>>())?;
    } else {
        for finding in &found {
            writeln!(context.data(), "{finding}\n    help: {}", finding.rule.cure())?;
        }
    }
    if found.is_empty() {
        context.say("nothing dangerous is pending");
    }
    Ok(Verdict::good_if(found.is_empty()))
}

fn finding_json(finding: &LintFinding) -> Value {
    json!({
        "migration": finding.id.to_string(),
        "database": finding.dialect.folder(),
        "line": finding.line,
        "rule": finding.rule.name(),
        "why": finding.rule.why(),
        "help": finding.rule.cure(),
    })
}

fn status_json(MigrationStatus { id, state }: &MigrationStatus) -> Value {
    let (at, took) = match state {
        MigrationState::Applied { at, took } => (Some(at.to_string()), Some(took.as_millis())),
        _ => (None, None),
    };
    json!({ "migration": id.to_string(), "state": state.as_str(), "applied_at": at, "took_ms": took })
}

fn history<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(50);
    let runtime = runtime::<S>(context)?;
    let steps = with_database(service, &runtime, Schema::Any, context, async |database, _| {
        Ok(mainstay::migrations_of(service).history(database, limit).await?)
    })?;
    if chosen_format(matches) == "json" {
        context.json(&steps.iter().map(step_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    for step in &steps {
        let HistoryEntry { direction, id, at, took, version, instance } = step;
        let (direction, took) = (direction.as_str(), took.as_millis());
        writeln!(context.data(), "{at:.0}  {direction:4}  {id}  {took} ms, {version} on {instance}")?;
    }
    Ok(Verdict::Good)
}

fn step_json(step: &HistoryEntry) -> Value {
    json!({
        "at": step.at.to_string(),
        "direction": step.direction.as_str(),
        "migration": step.id.to_string(),
        "took_ms": step.took.as_millis(),
        "version": step.version,
        "instance": step.instance,
    })
}

fn new(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let name = matches.get_one::<String>("name").map(String::as_str).unwrap_or_default();
    let folder = matches.get_one::<PathBuf>("folder").cloned().unwrap_or_default();
    let paths = create_migration(&context.directory().join(&folder), name)
        .map_err(|error| Problem::error("MS0006", Chain(&error).to_string()))?;
    for path in paths {
        let path = path.strip_prefix(context.directory()).unwrap_or(&path).display().to_string();
        writeln!(context.data(), "{path}")?;
    }
    Ok(Verdict::Good)
}
