//! `migrate copy`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use mainstay::Service;
use mainstay_core::settings::Problem;
use mainstay_core::{Chain, Clock, DisplayUrl};
use mainstay_db::{
    Copied, CopyError, CopyProgress, CopyStep, Database, DatabaseSettings, DatabaseUrl, Dialect,
};
use serde_json::json;

use crate::arguments::chosen_format;
use crate::database::runtime;
use crate::{CommandError, Context, Schema, Verdict, with_database};

/// How often something is said about a table that takes long.
const INTERVAL: Duration = Duration::from_secs(2);

pub(super) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let from = matches.get_one::<String>("from").map(String::as_str).unwrap_or_default();
    let file = source_file(from, context.directory())?;
    let runtime = runtime::<S>(context)?;
    let to = runtime.database.url.dialect();
    if to != Dialect::Postgres {
        return Err(problem(&CopyError::Direction { from: Dialect::Sqlite, to }).at("DATABASE_URL").into());
    }
    let migrations = mainstay::migrations_of(service);
    let clock = context.clock().clone();
    let began = clock.now();
    let mut talk = Talk::new(&clock);
    let copied = with_database(service, &runtime, Schema::Any, context, async |target, context| {
        let settings = DatabaseSettings {
            pool_min_size: 1,
            statement_timeout: runtime.database.statement_timeout,
            ..DatabaseSettings::file(&file)
        };
        let source = Database::open(&settings, &clock).await?;
        let copied = migrations
            .copy(&source, target, &clock, &mut |progress| {
                if let Some(line) = talk.line(progress) {
                    context.say(line);
                }
            })
            .await;
        // Nothing was written to it.
        let _ = source.close().await;
        Ok(copied.map_err(|error| problem(&error))?)
    })?;
    print(&copied, clock.now() - began, chosen_format(matches) == "json", context)?;
    context.say(
        "the file was not changed; start the service on the new database, and keep the file until it runs",
    );
    Ok(Verdict::Good)
}

/// The file that is meant. It has to be there: opening a database would make it.
fn source_file(from: &str, directory: &Path) -> Result<PathBuf, CommandError> {
    let path = match DatabaseUrl::parse(from) {
        Ok(url) if url.dialect() == Dialect::Postgres => {
            let direction = CopyError::Direction { from: Dialect::Postgres, to: Dialect::Postgres };
            return Err(problem(&direction)
                .help("`pg_dump` and `pg_restore` move a PostgreSQL database")
                .into());
        }
        Ok(url) => url.path().map(Path::to_owned),
        Err(_) => Some(PathBuf::from(from)),
    };
    let path = path.map(|path| directory.join(path));
    match path {
        Some(path) if path.is_file() => Ok(path),
        _ => {
            let problem = Problem::error("MS0014", format!("there is no file {}", DisplayUrl(from)));
            Err(problem.help("name the SQLite file of the installation, as its DATABASE_URL does").into())
        }
    }
}

fn problem(error: &CopyError) -> Problem {
    let help = match error {
        CopyError::Direction { .. } => "set DATABASE_URL to the new PostgreSQL database",
        CopyError::SourceSchema(_) => {
            "bring the file to this release first: `migrate up` with DATABASE_URL set to it"
        }
        CopyError::TargetSchema(_) => "run `migrate up`: it makes the tables in the new database",
        CopyError::NotEmpty { .. } => {
            "copy into a database that was not used yet: create another one, and run `migrate up` on it"
        }
        CopyError::SourceChanged => "stop the service that runs on the file, and copy again",
        CopyError::NoTable { .. } | CopyError::Column { .. } | CopyError::Circle { .. } => {
            "the migrations for SQLite and for PostgreSQL do not make the same tables: that is a mistake of the release"
        }
        _ => "see the cause; nothing was changed",
    };
    let problem = Problem::error("MS0014", error.to_string()).help(help);
    match std::error::Error::source(error) {
        Some(cause) => problem.because(Chain(cause).to_string()),
        None => problem,
    }
}

fn print(
    copied: &Copied,
    took: Duration,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<(), CommandError> {
    let rows: u64 = copied.tables.iter().map(|table| table.rows).sum();
    if as_json {
        let tables: Vec<_> = copied
            .tables
            .iter()
            .map(|table| json!({ "table": table.table, "rows": table.rows, "digest": table.digest }))
            .collect();
        return context.json(&json!({
            "tables": tables,
            "rows": rows,
            "left_behind": copied.left_behind,
            "took_ms": took.as_millis(),
        }));
    }
    for table in &copied.tables {
        writeln!(context.data(), "{:>10}  {}", table.rows, table.table)?;
    }
    let count = copied.tables.len();
    writeln!(
        context.data(),
        "{rows:>10}  rows of {count} tables copied and compared in {:.1} s",
        took.as_secs_f64()
    )?;
    if !copied.left_behind.is_empty() {
        context.say(format_args!("left behind: {}", copied.left_behind.join(", ")));
    }
    Ok(())
}

/// A line for each table that is done, and now and then one about a table that takes long.
struct Talk<'a> {
    clock: &'a Clock,
    said: tokio::time::Instant,
}

impl<'a> Talk<'a> {
    fn new(clock: &'a Clock) -> Self {
        Self { clock, said: clock.now() }
    }

    fn line(&mut self, progress: CopyProgress<'_>) -> Option<String> {
        let CopyProgress { step, table, done, rows, .. } = progress;
        let now = self.clock.now();
        if done < rows && now - self.said < INTERVAL {
            return None;
        }
        self.said = now;
        let step = match step {
            CopyStep::Comparing => "compared",
            _ => "copied",
        };
        Some(format!("{step} {done} of {rows} rows of {table}"))
    }
}
