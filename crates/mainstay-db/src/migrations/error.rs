//! Why a schema is not what it should be.

use super::{MigrationId, SourceProblem};
use crate::DbError;

/// A migration cannot be done, or must not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The embedded files are wrong: a mistake of the build.
    #[error("the embedded migrations are wrong: {}", join(.0))]
    Source(Vec<SourceProblem>),
    /// The schema was changed by a newer release than this one.
    #[error("the schema is newer than this release: it does not know {}", join(.0))]
    Newer(Vec<MigrationId>),
    /// Files were changed after they had been applied.
    #[error("migrations were changed after they had been applied: {}", join(.0))]
    Changed(Vec<MigrationId>),
    /// Migrations are waiting, and this start may not apply them.
    #[error("the schema is behind this release: {} pending: {}", .0.len(), join(.0))]
    Pending(Vec<MigrationId>),
    /// The target of `up` is not among the migrations.
    #[error("there is no migration {0}")]
    NoSuchTarget(String),
    /// A step down that has no `.down.sql`.
    #[error("{0} has no way down")]
    Irreversible(MigrationId),
    /// A migration failed; nothing of it was kept, and nothing after it was tried.
    #[error("{id} failed and was undone")]
    Failed {
        /// The migration.
        id: MigrationId,
        /// What the database said.
        source: DbError,
    },
    /// A migration left rows that refer to nothing; it was undone.
    #[error("{id} leaves rows in `{table}` that refer to nothing, and was undone")]
    BrokenReference {
        /// The migration.
        id: MigrationId,
        /// A table with such rows.
        table: String,
    },
    /// Another process migrates, or on SQLite writes otherwise, and does not come to an end.
    #[error("another process has held the lock of the database for two minutes")]
    Locked,
    /// The records cannot be read or written.
    #[error("the records of the migrations cannot be used")]
    Records(#[from] DbError),
}

impl MigrationError {
    /// What the operator can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Source(_) => "correct the files under migrations/ and build again",
            Self::Newer(_) => "start the release that made them, or step down with it first: `migrate down`",
            Self::Changed(_) => {
                "put the files back as they were released, and write what is new as a further migration: \
                 `migrate new NAME`"
            }
            Self::Pending(_) => "apply them with `migrate up`, or set MIGRATE_ON_START=yes",
            Self::NoSuchTarget(_) => "`migrate status` lists what there is",
            Self::Irreversible(_) => "restore a backup from before it",
            Self::Failed { .. } | Self::BrokenReference { .. } => {
                "the database is as it was before this migration; correct the cause and run `migrate up` again"
            }
            Self::Locked => {
                "wait for it, or find it: `fuser FILE` names the processes that have a SQLite file open, and on \
                 PostgreSQL `select pid from pg_locks where locktype = 'advisory'` its session"
            }
            Self::Records(_) => "see the cause; nothing was changed",
        }
    }
}

fn join<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<_> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    if items.len() > SHOWN {
        names.push(format!("and {} more", items.len() - SHOWN));
    }
    names.join(", ")
}
