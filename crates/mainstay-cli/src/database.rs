//! Commands that work on the database itself, beside a service that may be running.

use std::pin::pin;
use std::time::Duration;

use mainstay::Service;
use mainstay::life::{Configuration, Runtime};
use mainstay_core::settings::{Problem, Setting};
use mainstay_db::{Database, DatabaseSettings, DbError, MigratedBy, MigrationError};
use tokio::time::sleep;

use crate::{CommandError, Context, block_on};

/// How long a command waits without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a command needs of the schema before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Nothing: it is about the schema itself.
    Any,
    /// That it is this release's.
    Current,
    /// That it is this release's; where a start of the service would bring it up to date (`MIGRATE_ON_START`), so
    /// does the command.
    AsAtStart,
}

/// The settings of the runtime.
pub(crate) fn runtime<S: Service>(context: &mut Context<'_>) -> Result<Runtime, CommandError> {
    Ok(context.settings::<Configuration<S>>()?.runtime)
}

/// Opens the database of the settings, works with it, and closes it. All commands come by here.
///
/// Who waits is told why after a second: because the database is not open yet, or because another process holds its
/// lock. The latter is waited for as long as a request of the service would (`DB_POOL_TIMEOUT`), and by a migration for
/// two minutes.
///
/// # Errors
///
/// What a start of the service would say when the database cannot be opened or its schema is not as needed; MS0015
/// when another process held its lock for too long; else that of the work.
pub fn with_database<S: Service, T>(
    service: &S,
    runtime: &Runtime,
    schema: Schema,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Database, &mut Context<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (settings, talk) = (&runtime.database, context.talk());
    let done = block_on(async {
        let opening = Database::open(settings, context.clock());
        let database = unless_it_takes_long(opening, sleep(PATIENCE), |()| {
            talk.say("waiting for the database: it is not open yet");
        });
        let database = database.await?;
        let working = async {
            prepare(service, runtime, schema, &database, context).await?;
            work(&database, context).await
        };
        let result = unless_it_takes_long(working, database.held_up(PATIENCE), |limit| {
            let limit = Setting::show(&limit);
            talk.say(format_args!(
                "waiting for the database: another process is writing to it; this gives up after {limit}"
            ));
        });
        let result = result.await;
        // What was done is committed; a database that closes badly changes nothing about it.
        let _ = database.close().await;
        result
    })?;
    done.map_err(|error| match error {
        CommandError::Busy(cause) => busy(settings, &cause).into(),
        error => error,
    })
}

/// Does the work; says so once if the wait comes to its end before.
async fn unless_it_takes_long<T, W>(
    work: impl Future<Output = T>,
    wait: impl Future<Output = W>,
    say: impl FnOnce(W),
) -> T {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        waited = wait => say(waited),
    }
    work.await
}

/// Another process held the lock for too long.
fn busy(settings: &DatabaseSettings, cause: &DbError) -> Problem {
    let problem = Problem::error("MS0015", "another process holds the lock of the database");
    let limit = Setting::show(&settings.pool_timeout);
    let problem = problem
        .at("DATABASE_URL")
        .because(format!("it was waited for in vain, for {limit} (DB_POOL_TIMEOUT): {cause}"));
    let who = match settings.url.path() {
        Some(path) => format!("`fuser -v {}` names the processes that have the file open", path.display()),
        None => {
            "`select pid, state, query from pg_stat_activity` names the sessions of the server".to_owned()
        }
    };
    let who = format!("find the one that writes, and let it come to its end: {who}");
    problem.help(who).help("repeat the command then, or let it wait longer: --set DB_POOL_TIMEOUT=1m")
}

async fn prepare<S: Service>(
    service: &S,
    runtime: &Runtime,
    schema: Schema,
    database: &Database,
    context: &Context<'_>,
) -> Result<(), MigrationError> {
    let migrations = mainstay::migrations_of(service);
    match schema {
        Schema::Any => Ok(()),
        Schema::AsAtStart if runtime.database.migrate_on_start => {
            migrations.up(database, context.clock(), None, &migrated_by::<S>(runtime)).await.map(drop)
        }
        Schema::Current | Schema::AsAtStart => migrations.require_current(database).await,
    }
}

/// Who migrates, as the history of the schema says it.
pub(crate) fn migrated_by<S: Service>(runtime: &Runtime) -> MigratedBy {
    MigratedBy { version: S::VERSION.to_owned(), instance: runtime.process.instance_name.clone() }
}
