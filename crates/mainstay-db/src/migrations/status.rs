//! How the schema stands to the binary.

use std::time::Duration;

use jiff::Timestamp;

use super::record::AppliedRecord;
use super::source::Migration;
use super::{MigrationError, MigrationId, Migrations, record};
use crate::{Connection, Database, Dialect};

/// One migration, as the schema and the binary see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The migration.
    pub id: MigrationId,
    /// How it stands.
    pub state: MigrationState,
}

/// How one migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationState {
    /// In the schema.
    Applied {
        /// Since when.
        at: Timestamp,
        /// How long it took.
        took: Duration,
    },
    /// In the binary, not yet in the schema.
    Pending,
    /// In the schema, but the file was changed afterwards.
    Changed,
    /// In the schema, but not in this binary: a newer release was here.
    Unknown,
}

impl MigrationState {
    /// The state as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

impl Migrations {
    /// Lists all migrations: first the binary's in their order, then those that only the schema knows.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Source`] and [`MigrationError::Records`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn status(&self, database: &Database) -> Result<Vec<MigrationStatus>, MigrationError> {
        self.refuse_problems(database.dialect())?;
        let mut read = database.read_snapshot().await?;
        Ok(compare(&self.all, &applied_if_any(&mut read).await?, database.dialect()))
    }

    /// Demands that the schema is exactly the binary's: for a start that may not migrate.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Pending`] names what is missing; [`MigrationError::Newer`] and
    /// [`MigrationError::Changed`] what should not be there; else as [`Migrations::status`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn require_current(&self, database: &Database) -> Result<(), MigrationError> {
        let status = self.status(database).await?;
        refuse_strangers(&status)?;
        let pending = with_state(&status, MigrationState::Pending);
        if pending.is_empty() { Ok(()) } else { Err(MigrationError::Pending(pending)) }
    }

    pub(super) fn refuse_problems(&self, dialect: Dialect) -> Result<(), MigrationError> {
        let problems = self.problems_on(dialect);
        if problems.is_empty() { Ok(()) } else { Err(MigrationError::Source(problems)) }
    }
}

pub(super) async fn applied_if_any(
    connection: &mut Connection,
) -> Result<Vec<AppliedRecord>, MigrationError> {
    if record::tables_exist(connection).await? {
        Ok(record::applied(connection).await?)
    } else {
        Ok(Vec::new())
    }
}

pub(super) fn compare(
    ours: &[Migration],
    applied: &[AppliedRecord],
    dialect: Dialect,
) -> Vec<MigrationStatus> {
    let same = |a: &MigrationId, b: &MigrationId| a.source == b.source && a.number == b.number;
    let state = |migration: &Migration| match applied.iter().find(|done| same(&done.id, &migration.id)) {
        None => MigrationState::Pending,
        Some(done) if migration.script(dialect).is_some_and(|script| done.checksum != script.checksum) => {
            MigrationState::Changed
        }
        Some(done) => MigrationState::Applied { at: done.at, took: done.took },
    };
    let known =
        ours.iter().map(|migration| MigrationStatus { id: migration.id.clone(), state: state(migration) });
    let unknown = applied
        .iter()
        .filter(|done| !ours.iter().any(|migration| same(&done.id, &migration.id)))
        .map(|done| MigrationStatus { id: done.id.clone(), state: MigrationState::Unknown });
    known.chain(unknown).collect()
}

/// Refuses to touch a schema that a newer release made, or that another file made.
pub(super) fn refuse_strangers(status: &[MigrationStatus]) -> Result<(), MigrationError> {
    let unknown = with_state(status, MigrationState::Unknown);
    if !unknown.is_empty() {
        return Err(MigrationError::Newer(unknown));
    }
    let changed = with_state(status, MigrationState::Changed);
    if changed.is_empty() { Ok(()) } else { Err(MigrationError::Changed(changed)) }
}

fn with_state(status: &[MigrationStatus], state: MigrationState) -> Vec<MigrationId> {
    status.iter().filter(|one| one.state == state).map(|one| one.id.clone()).collect()
}
