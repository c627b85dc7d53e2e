//! Commands that work on the database itself, beside a service that may be running.

use mainstay::Service;
use mainstay::life::{Configuration, Runtime, StartError};
use mainstay_core::Clock;
use mainstay_db::Database;

use crate::{CommandError, Context, block_on};

/// The settings of the runtime.
pub(crate) fn runtime<S: Service>(context: &mut Context<'_>) -> Result<Runtime, CommandError> {
    Ok(context.settings::<Configuration<S>>()?.runtime)
}

/// Opens the database, works with it, and closes it.
pub(crate) fn with_database<T>(
    runtime: &Runtime,
    context: &Context<'_>,
    work: impl AsyncFnOnce(&Database) -> Result<T, StartError>,
) -> Result<T, CommandError> {
    with_database_at(runtime, context.clock(), work)
}

/// As [`with_database`], for work that says something meanwhile.
pub(crate) fn with_database_at<T>(
    runtime: &Runtime,
    clock: &Clock,
    work: impl AsyncFnOnce(&Database) -> Result<T, StartError>,
) -> Result<T, CommandError> {
    let done = block_on(async {
        let database = Database::open(&runtime.database, clock).await?;
        let result = work(&database).await;
        // What was done is committed; a database that closes badly changes nothing about it.
        let _ = database.close().await;
        result
    })?;
    done.map_err(|error| CommandError::from(error.problem()))
}
