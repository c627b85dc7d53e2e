//! Steps up and down.

use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::sleep;

use super::lock::{RunLock, step};
use super::record::{self, AppliedRecord};
use super::run::{inside, outside};
use super::source::Migration;
use super::status::{applied_if_any, compare, refuse_strangers};
use super::{Direction, HistoryEntry, MigratedBy, MigrationError, MigrationId, Migrations, Target};
use crate::{Database, DbErrorKind, WriteTransaction};

/// How often in a row a step that met somebody's lock is tried again, and after which pause.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

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
        let dialect = database.dialect();
        self.refuse_problems(dialect)?;
        let wanted = self.up_to(to)?;
        // Whoever has nothing to apply waits for nobody.
        if holds_all(database, &self.all, wanted).await? {
            return Ok(Vec::new());
        }
        let mut lock = RunLock::wait(database, clock).await?;
        let (mut done, mut tries) = (Vec::new(), 0);
        loop {
            lock.check().await?;
            let mut write = step(database, clock).await?;
            record::create_tables(&mut write).await?;
            // Read again by each step: on SQLite another process may have gone ahead meanwhile.
            let applied = record::applied(&mut write).await?;
            refuse_strangers(&compare(&self.all, &applied, dialect))?;
            let Some(next) = wanted.iter().find(|migration| !is_applied(&applied, &migration.id)) else {
                write.commit().await?;
                lock.release().await;
                return Ok(done);
            };
            match step_up(write, database, clock, next, by).await {
                Ok(()) => {
                    done.push(next.id.clone());
                    tries = 0;
                }
                Err(error) => try_again(error, &mut tries).await?,
            }
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
        let dialect = database.dialect();
        self.refuse_problems(dialect)?;
        let mut lock = RunLock::wait(database, clock).await?;
        let (mut undone, mut tries, mut left) = (Vec::new(), 0, steps);
        while left > 0 {
            lock.check().await?;
            let mut write = step(database, clock).await?;
            record::create_tables(&mut write).await?;
            let applied = record::applied(&mut write).await?;
            refuse_strangers(&compare(&self.all, &applied, dialect))?;
            let Some(last) = applied.last() else { break };
            match step_down(write, clock, self.find(&last.id), last, by).await {
                Ok(()) => {
                    undone.push(last.id.clone());
                    (tries, left) = (0, left - 1);
                }
                Err(error) => try_again(error, &mut tries).await?,
            }
        }
        lock.release().await;
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
    database: &Database,
    clock: &Clock,
    migration: &Migration,
    by: &MigratedBy,
) -> Result<(), MigrationError> {
    let id = &migration.id;
    let failed = |source| MigrationError::Failed { id: id.clone(), source };
    let Some(script) = migration.script(write.dialect()) else { return Ok(()) };
    let began = clock.now();
    if script.is_outside {
        write.commit().await?;
        outside(database, id, script).await?;
        write = step(database, clock).await?;
    } else {
        inside(&mut write, id, &script.up).await?;
    }
    let (at, took) = (clock.timestamp(), clock.now() - began);
    record::insert_applied(&mut write, id, script.checksum, at, took).await?;
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
    let script = migration.and_then(|migration| migration.script(write.dialect()));
    let Some(down) = script.and_then(|script| script.down.as_deref()) else {
        return Err(MigrationError::Irreversible(id.clone()));
    };
    let began = clock.now();
    inside(&mut write, id, down).await?;
    let (at, took) = (clock.timestamp(), clock.now() - began);
    record::delete_applied(&mut write, last.sequence).await?;
    record::insert_history(&mut write, Direction::Down, id, at, took, by).await?;
    write.commit().await.map_err(failed)?;
    tracing::info!(migration = %id, took_ms = took.as_millis(), "migration undone");
    Ok(())
}

/// Waits a little where a step met the lock of somebody who works with the table; else the error stands.
async fn try_again(error: MigrationError, tries: &mut u32) -> Result<(), MigrationError> {
    let MigrationError::Failed { id, source } = &error else { return Err(error) };
    let passes = matches!(source.kind(), DbErrorKind::Busy | DbErrorKind::Serialization);
    if !passes || *tries >= TRIES {
        return Err(error);
    }
    *tries += 1;
    tracing::info!(migration = %id, tries, "the tables are in use: the migration is tried again");
    sleep(PAUSE).await;
    Ok(())
}

/// Whether there are migrations and nothing of them is left to apply.
async fn holds_all(
    database: &Database,
    ours: &[Migration],
    wanted: &[Migration],
) -> Result<bool, MigrationError> {
    let mut read = database.read_snapshot().await?;
    let applied = applied_if_any(&mut read).await?;
    refuse_strangers(&compare(ours, &applied, database.dialect()))?;
    Ok(!applied.is_empty() && wanted.iter().all(|migration| is_applied(&applied, &migration.id)))
}

fn is_applied(applied: &[AppliedRecord], id: &MigrationId) -> bool {
    applied.iter().any(|done| done.id.source == id.source && done.id.number == id.number)
}
