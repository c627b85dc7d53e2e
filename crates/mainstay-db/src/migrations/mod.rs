//! The schema, step by step.
//!
//! A migration is two files for each database, `migrations/sqlite/0001_name.up.sql` and `0001_name.down.sql`, and
//! the same below `migrations/postgres`, embedded into the binary. Several sources are joined: a library that keeps
//! tables of its own brings its source, and the application's comes after those it builds on.
//!
//! - Each migration runs in one transaction together with its record, under a lock: two processes that start at
//!   once migrate once, and a crash leaves a migration either applied or not.
//! - A step that cannot be in a transaction says so in its first line (PostgreSQL's `create index concurrently`).
//! - Steps that hurt a service that is running are found by [`Migrations::lint`].
//! - What was applied is kept with its checksum: a file that changed afterwards is refused, and so is a
//!   schema that is newer than the binary.
//! - Every step up and down goes into a history that is never deleted.
//! - An installation moves from SQLite to PostgreSQL whole, by [`Migrations::copy`].

mod apply;
mod copy;
mod create;
mod error;
mod lint;
mod lock;
mod record;
mod run;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod text;

pub use copy::{Copied, CopiedTable, CopyError, CopyProgress, CopyStep};
pub use create::{CreateError, create_migration};
pub use error::MigrationError;
pub use lint::{LintFinding, LintRule};
pub use record::{Direction, HistoryEntry};
pub use source::{MigrationId, Migrations, SourceProblem, Target};
pub use status::{MigrationState, MigrationStatus};

/// Who migrates, for the history.
#[derive(Clone, Debug)]
pub struct MigratedBy {
    /// The version of the service.
    pub version: String,
    /// The name of the instance.
    pub instance: String,
}
