//! Steps up and down.

use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::sleep;

use super::record::{self, AppliedRecord};
use super::source::Migration;
use super::status::{compare, refuse_strangers};
use super::{Direction, HistoryEntry, MigratedBy, MigrationError, MigrationId, Migrations, Target};
use crate::{Connection, Database, DbError, DbErrorKind, WriteTransaction, query};

/// How long another process's migration is waited for.
const LOCK_WAIT: Duration = Duration::from_mins(2);

/// Pause between two tries at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

impl Migrations {
    /// Applies what is pending, up to and including `to` or all, and returns what this call applied.
    ///
    /// Another process that migrates at the same time is waited for; each migration is applied once.
    ///
    /// # Errors
    ///
    /// Nothing is applied when the schema is [newer](MigrationError::Newer) or
    /// [changed](MigrationError::Changed). When a migration [fails](MigrationError::Failed), those before it stay.
    ///
    /// # Cancel safety
    ///
    /// Each migration is applied completely or not at all.
    pub async fn up(
        &self,
        database: &Database,
        clock: &Clock,
        to: Option<&Target>,
        by: &MigratedBy,
    ) -> Result<Vec<MigrationId>, MigrationError> {
        self.refuse_problems()?;
        let wanted = self.up_to(to)?;
        let mut done = Vec::new();
        loop {
            let mut write = lock(database, clock).await?;
            record::create_tables(&mut write).await?;
            // Read again under each lock: another process may have gone ahead meanwhile.
            let applied = record::applied(&mut write).await?;
            refuse_strangers(&compare(&self.all, &applied))?;
            let Some(next) = wanted.iter().find(|migration| !is_applied(&applied, &migration.id)) else {
                write.commit().await?;
                return Ok(done);
            };
            step_up(write, clock, next, by).await?;
            done.push(next.id.clone());
        }
    }

    /// Undoes the last `steps` migrations, newest first, and returns what was undone.
    ///
    /// # Errors
    ///
    /// As [`Migrations::up`]; and [`MigrationError::Irreversible`], before anything of that step is done.
    ///
    /// # Cancel safety
    ///
    /// Each migration is undone completely or not at all.
    pub async fn down(
        &self,
        database: &Database,
        clock: &Clock,
        steps: u32,
        by: &MigratedBy,
    ) -> Result<Vec<MigrationId>, MigrationError> {
        self.refuse_problems()?;
        let mut undone = Vec::new();
        for _ in 0..steps {
            let mut write = lock(database, clock).await?;
            record::create_tables(&mut write).await?;
            let applied = record::applied(&mut write).await?;
            refuse_strangers(&compare(&self.all, &applied))?;
            let Some(last) = applied.last() else { break };
            step_down(write, clock, self.find(&last.id), last, by).await?;
            undone.push(last.id.clone());
        }
        Ok(undone)
    }

    /// The latest `limit` steps that were ever made, newest first.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Records`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn history(
        &self,
        database: &Database,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, MigrationError> {
        let mut read = database.read_snapshot().await?;
        if !record::tables_exist(&mut read).await? {
            return Ok(Vec::new());
        }
        Ok(record::history(&mut read, limit).await?)
    }

    fn up_to(&self, to: Option<&Target>) -> Result<&[Migration], MigrationError> {
        let Some(to) = to else { return Ok(&self.all) };
        let last_source = self.all.last().map(|migration| migration.id.source.as_str());
        let source = to.source.as_deref().or(last_source).unwrap_or_default();
        let is_target =
            |migration: &Migration| migration.id.source == source && migration.id.number == to.number;
        match self.all.iter().position(is_target) {
            Some(index) => Ok(&self.all[..=index]),
            None => Err(MigrationError::NoSuchTarget(format!("{source}/{:04}", to.number))),
        }
    }

    fn find(&self, id: &MigrationId) -> Option<&Migration> {
        self.all.iter().find(|migration| migration.id == *id)
    }
}

async fn step_up(
    mut write: WriteTransaction,
    clock: &Clock,
    migration: &Migration,
    by: &MigratedBy,
) -> Result<(), MigrationError> {
    let id = &migration.id;
    let failed = |source| MigrationError::Failed { id: id.clone(), source };
    let began = clock.now();
    write.script(migration.up.clone()).await.map_err(failed)?;
    check_references(&mut write, id).await?;
    let (at, took) = (clock.timestamp(), clock.now() - began);
    record::insert_applied(&mut write, id, migration.checksum, at, took).await?;
    record::insert_history(&mut write, Direction::Up, id, at, took, by).await?;
    write.commit().await.map_err(failed)?;
    tracing::info!(migration = %id, took_ms = took.as_millis(), "migration applied");
    Ok(())
}

async fn step_down(
    mut write: WriteTransaction,
    clock: &Clock,
    migration: Option<&Migration>,
    last: &AppliedRecord,
    by: &MigratedBy,
) -> Result<(), MigrationError> {
    let id = &last.id;
    let failed = |source| MigrationError::Failed { id: id.clone(), source };
    let Some(down) = migration.and_then(|migration| migration.down.clone()) else {
        return Err(MigrationError::Irreversible(id.clone()));
    };
    let began = clock.now();
    write.script(down).await.map_err(failed)?;
    check_references(&mut write, id).await?;
    let (at, took) = (clock.timestamp(), clock.now() - began);
    record::delete_applied(&mut write, last.sequence).await?;
    record::insert_history(&mut write, Direction::Down, id, at, took, by).await?;
    write.commit().await.map_err(failed)?;
    tracing::info!(migration = %id, took_ms = took.as_millis(), "migration undone");
    Ok(())
}

/// The write lock; another process's migration may hold it for longer than a request would wait.
async fn lock(database: &Database, clock: &Clock) -> Result<WriteTransaction, DbError> {
    let deadline = clock.now() + LOCK_WAIT;
    loop {
        match database.write().await {
            Err(error) if error.kind() == DbErrorKind::Busy && clock.now() < deadline => {
                sleep(LOCK_PAUSE).await;
            }
            result => return result,
        }
    }
}

/// A migration may rebuild a table with `pragma defer_foreign_keys`; what it leaves must hold together.
async fn check_references(connection: &mut Connection, id: &MigrationId) -> Result<(), MigrationError> {
    match query("select \"table\" from pragma_foreign_key_check limit 1").fetch_optional(connection).await? {
        None => Ok(()),
        Some(row) => Err(MigrationError::BrokenReference { id: id.clone(), table: row.get(0)? }),
    }
}

fn is_applied(applied: &[AppliedRecord], id: &MigrationId) -> bool {
    applied.iter().any(|done| done.id.source == id.source && done.id.number == id.number)
}
