//! What migrations themselves put into tables.

use std::collections::BTreeMap;

use mainstay_core::Clock;

use super::super::{MigratedBy, MigrationError, Migrations};
use super::CopyError;
use super::plan::quoted;
use crate::{Database, DatabaseSettings, DbError, DbErrorKind, OpenError, query, query_assembled};

/// How many rows the migrations put into which table: they are the only ones that a target may hold.
pub(super) type Seeds = BTreeMap<String, u64>;

/// Migrates a database that is thrown away, and looks into it.
pub(super) async fn of(migrations: &Migrations, clock: &Clock) -> Result<Seeds, CopyError> {
    let scratch = Database::open(&DatabaseSettings::in_memory(), clock).await.map_err(unusable)?;
    let found = look(migrations, &scratch, clock).await;
    // It goes with its folder in any case.
    let _ = scratch.close().await;
    found
}

async fn look(migrations: &Migrations, scratch: &Database, clock: &Clock) -> Result<Seeds, CopyError> {
    let by = MigratedBy { version: String::new(), instance: "copy".to_owned() };
    migrations.up(scratch, clock, None, &by).await.map_err(|error| match error {
        MigrationError::Records(error) => CopyError::Database(error),
        other => CopyError::SourceSchema(other),
    })?;
    let mut read = scratch.read().await?;
    let tables = query("select name from sqlite_schema where type = 'table'").fetch_all(&mut read).await?;
    let mut seeds = Seeds::new();
    for row in tables {
        let name: String = row.get(0)?;
        let count = format!("select count(*) from {}", quoted(&name));
        let rows: u64 = query_assembled(count).fetch_one(&mut read).await?.get(0)?;
        if rows > 0 {
            seeds.insert(name, rows);
        }
    }
    Ok(seeds)
}

fn unusable(error: OpenError) -> CopyError {
    CopyError::Database(DbError::new(DbErrorKind::Unreachable).because(error))
}
