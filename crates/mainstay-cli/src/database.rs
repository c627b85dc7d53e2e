//! Commands that work on the database itself, beside a service that may be running.

use mainstay::Service;
use mainstay::life::{Configuration, Runtime};
use mainstay_db::{Database, MigratedBy, MigrationError};

use crate::{CommandError, Context, block_on};

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
/// # Errors
///
/// What a start of the service would say when the database cannot be opened or its schema is not as needed; else
/// that of the work.
pub fn with_database<S: Service, T>(
    service: &S,
    runtime: &Runtime,
    schema: Schema,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Database, &mut Context<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    block_on(async {
        let database = Database::open(&runtime.database, context.clock()).await?;
        let result = match prepare(service, runtime, schema, &database, context).await {
            Ok(()) => work(&database, context).await,
            Err(error) => Err(error.into()),
        };
        // What was done is committed; a database that closes badly changes nothing about it.
        let _ = database.close().await;
        result
    })?
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
