//! The tables that say what was applied, and by whom.

use std::time::Duration;

use jiff::Timestamp;

use super::{MigratedBy, MigrationId};
use crate::{ByDialect, Connection, DbError, Dialect, Row, query};

/// Which way a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Applied.
    Up,
    /// Undone.
    Down,
}

/// One step that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Which way.
    pub direction: Direction,
    /// The migration.
    pub id: MigrationId,
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The version of the service that made the step.
    pub version: String,
    /// The instance that made it.
    pub instance: String,
}

/// A migration that stands in the schema.
#[derive(Clone, Debug)]
pub(super) struct AppliedRecord {
    pub(super) sequence: i64,
    pub(super) id: MigrationId,
    pub(super) checksum: Vec<u8>,
    pub(super) at: Timestamp,
    pub(super) took: Duration,
}

impl Direction {
    /// The direction as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

pub(super) async fn create_tables(connection: &mut Connection) -> Result<(), DbError> {
    let tables = "
        create table if not exists schema_migrations (
            sequence integer primary key,
            source text not null,
            number integer not null,
            name text not null,
            checksum blob not null,
            applied_at integer not null,
            duration_ms integer not null,
            unique (source, number)
        ) strict;
        create table if not exists schema_history (
            sequence integer primary key,
            direction text not null check (direction in ('up', 'down')),
            source text not null,
            number integer not null,
            name text not null,
            at integer not null,
            duration_ms integer not null,
            version text not null,
            instance text not null
        ) strict;";
    let tables = match connection.dialect() {
        Dialect::Sqlite => tables,
        Dialect::Postgres => {
            "
        create table if not exists schema_migrations (
            sequence bigint generated always as identity primary key,
            source text not null,
            number bigint not null,
            name text not null,
            checksum bytea not null,
            applied_at bigint not null,
            duration_ms bigint not null,
            unique (source, number)
        );
        create table if not exists schema_history (
            sequence bigint generated always as identity primary key,
            direction text not null check (direction in ('up', 'down')),
            source text not null,
            number bigint not null,
            name text not null,
            at bigint not null,
            duration_ms bigint not null,
            version text not null,
            instance text not null
        );"
        }
    };
    connection.script(tables.to_owned()).await
}

/// Whether [`create_tables`] was ever committed.
pub(super) async fn tables_exist(connection: &mut Connection) -> Result<bool, DbError> {
    let found = query(ByDialect {
        sqlite: "select 1 from sqlite_schema where type = 'table' and name = 'schema_migrations'",
        postgres: "select 1 from pg_catalog.pg_tables where schemaname = current_schema() \
                   and tablename = 'schema_migrations'",
    });
    Ok(found.fetch_optional(connection).await?.is_some())
}

/// What is applied, oldest first.
pub(super) async fn applied(connection: &mut Connection) -> Result<Vec<AppliedRecord>, DbError> {
    let rows = query(
        "select sequence, source, number, name, checksum, applied_at, duration_ms
         from schema_migrations order by sequence",
    )
    .fetch_all(connection)
    .await?;
    let record = |row: &Row| {
        Ok(AppliedRecord {
            sequence: row.get(0)?,
            id: MigrationId { source: row.get(1)?, number: row.get(2)?, name: row.get(3)? },
            checksum: row.get(4)?,
            at: row.get(5)?,
            took: Duration::from_millis(row.get(6)?),
        })
    };
    rows.iter().map(record).collect()
}

pub(super) async fn insert_applied(
    connection: &mut Connection,
    id: &MigrationId,
    checksum: [u8; 32],
    at: Timestamp,
    took: Duration,
) -> Result<(), DbError> {
    query(
        "insert into schema_migrations (source, number, name, checksum, applied_at, duration_ms)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id.source.as_str())
    .bind(id.number)
    .bind(id.name.as_str())
    .bind(checksum)
    .bind(at)
    .bind(milliseconds(took))
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn delete_applied(connection: &mut Connection, sequence: i64) -> Result<(), DbError> {
    query("delete from schema_migrations where sequence = $1")
        .bind(sequence)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn insert_history(
    connection: &mut Connection,
    direction: Direction,
    id: &MigrationId,
    at: Timestamp,
    took: Duration,
    by: &MigratedBy,
) -> Result<(), DbError> {
    query(
        "insert into schema_history (direction, source, number, name, at, duration_ms, version, instance)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(direction.as_str())
    .bind(id.source.as_str())
    .bind(id.number)
    .bind(id.name.as_str())
    .bind(at)
    .bind(milliseconds(took))
    .bind(by.version.as_str())
    .bind(by.instance.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// The latest steps, newest first.
pub(super) async fn history(connection: &mut Connection, limit: u32) -> Result<Vec<HistoryEntry>, DbError> {
    let rows = query(
        "select direction, source, number, name, at, duration_ms, version, instance
         from schema_history order by sequence desc limit $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let entry = |row: &Row| {
        Ok(HistoryEntry {
            direction: if row.get::<&str>(0)? == "up" { Direction::Up } else { Direction::Down },
            id: MigrationId { source: row.get(1)?, number: row.get(2)?, name: row.get(3)? },
            at: row.get(4)?,
            took: Duration::from_millis(row.get(5)?),
            version: row.get(6)?,
            instance: row.get(7)?,
        })
    };
    rows.iter().map(entry).collect()
}

fn milliseconds(took: Duration) -> i64 {
    i64::try_from(took.as_millis()).unwrap_or(i64::MAX)
}
