//! Why an installation cannot be moved.

use super::super::MigrationError;
use crate::{DbError, Dialect};

/// A copy was not made. The target is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Another way than the one there is.
    #[error("a copy goes from SQLite to PostgreSQL, and not from {} to {}", from.name(), to.name())]
    Direction {
        /// The source's kind.
        from: Dialect,
        /// The target's.
        to: Dialect,
    },
    /// The source was made by another release, or is no database of this service.
    #[error("the schema of the source is not this release's")]
    SourceSchema(#[source] MigrationError),
    /// The target was not migrated, or not by this release.
    #[error("the schema of the target is not this release's")]
    TargetSchema(#[source] MigrationError),
    /// The target was used already.
    #[error("the target is not empty: there are rows in `{table}`")]
    NotEmpty {
        /// A table with rows.
        table: String,
    },
    /// A table of the source that the target does not have.
    #[error("the target has no table `{table}`")]
    NoTable {
        /// The table.
        table: String,
    },
    /// A column that only one of the databases has.
    #[error("`{table}` has the column `{column}` in one of the databases only")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// No order of writing satisfies all foreign keys.
    #[error("tables refer to one another in a circle: {}", tables.join(", "))]
    Circle {
        /// The tables of the circle, and those that depend on it.
        tables: Vec<String>,
    },
    /// The source failed.
    #[error("`{table}` cannot be read")]
    Read {
        /// The table.
        table: String,
        /// What it said.
        source: DbError,
    },
    /// The target failed, or refused a row.
    #[error("`{table}` cannot be written")]
    Write {
        /// The table.
        table: String,
        /// What it said.
        source: DbError,
    },
    /// What arrived is not what was sent.
    #[error("`{table}` is not the same in the target: {read} rows were read, {found} rows were found")]
    Differs {
        /// The table.
        table: String,
        /// Rows that were read from the source.
        read: u64,
        /// Rows that are in the target.
        found: u64,
    },
    /// Somebody uses the source.
    #[error("somebody wrote to the source while it was copied")]
    SourceChanged,
    /// One of the databases cannot be used.
    #[error("a database cannot be used")]
    Database(#[from] DbError),
}
