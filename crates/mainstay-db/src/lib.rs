//! The database behind a Mainstay service: SQLite or PostgreSQL, whichever `DATABASE_URL` names.
//!
//! [`Database`] is one handle for everything: [`read`](Database::read) gives a connection for reading,
//! [`write`](Database::write) the transaction that may write, [`probe`](Database::probe) asks whether the
//! database answers at all. Statements are [`query`] with `$1` placeholders, many rows go in through
//! [`insert_into`], errors are a [`DbError`] with a [kind](DbErrorKind). [`Migrations`] keep the schema.
//!
//! Nothing of the drivers shows through. Most statements are one text for both; where the dialects differ,
//! [`ByDialect`] holds two, and [`Database::dialect`] says which database it is. Both keep these promises:
//!
//! - each class of [work](Work) has connections of its own, so that slow routes, projections and health cannot use
//!   up those of others;
//! - every wait has an end: for a connection, for a lock, for a statement; and none lasts longer than somebody waits
//!   for the answer ([`Scope`]);
//! - a future of this crate may be dropped at any await: the statement is stopped, its transaction rolled back, and
//!   the connection reused only after it has answered to that.
//!
//! | | SQLite | PostgreSQL |
//! |---|---|---|
//! | for | one process on one machine | several instances |
//! | writers | one at a time, in the order of asking, those in a hurry first | many: see [`Database::write`] |
//! | a commit that was acknowledged | survives a power cut (`synchronous = FULL`) | survives what the server's `synchronous_commit` promises |
//! | built in | always | with the feature `postgres` |

mod config;
mod database;
mod driver;
mod error;
mod insert;
mod migrations;
#[cfg(feature = "postgres")]
mod postgres;
mod retry;
mod row;
mod sqlite;
mod statement;
mod value;
mod work;

pub use config::{DatabaseSettings, DatabaseUrl, Dialect, EXPLANATIONS, UrlError};
pub use database::{
    CircuitStatus, Connection, Database, Listener, OpenError, PoolStatus, ReadConnection, ServerProblem,
    WriteTransaction,
};
pub use error::{Constraint, DbError, DbErrorKind};
pub use insert::{Insert, insert_into, insert_into_assembled};
pub use migrations::{
    Copied, CopiedTable, CopyError, CopyProgress, CopyStep, CreateError, Direction, HistoryEntry,
    LintFinding, LintRule, MigratedBy, MigrationError, MigrationId, MigrationState, MigrationStatus,
    Migrations, SourceProblem, Target, create_migration,
};
pub use retry::{AsDbError, with_retries};
pub use row::Row;
pub use statement::{ByDialect, Query, Sql, query, query_assembled};
pub use value::{FromValue, List, Value};
pub use work::{Scope, Work};
