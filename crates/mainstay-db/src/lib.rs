//! The database behind a Mainstay service.
//!
//! [`Database`] is one handle for everything: [`read`](Database::read) gives a connection for reading,
//! [`write`](Database::write) the transaction that may write, [`probe`](Database::probe) asks whether the
//! database answers at all. Statements are [`query`] with `$1` placeholders, many rows go in through
//! [`insert_into`], errors are a [`DbError`] with a [kind](DbErrorKind). [`Migrations`] keep the schema.
//!
//! Nothing of the driver shows through, so the database behind the handle can be another one. This build
//! serves SQLite:
//!
//! - one file in WAL mode: readers never wait for the writer, nor it for them;
//! - one writer at a time, in the order of asking; its transactions begin with the write lock in hand;
//! - `synchronous = FULL`: a commit that was acknowledged survives a power cut, at the price of one flush of
//!   the disk per commit;
//! - every wait has an end: for a connection, for a lock, for a statement.
//!
//! A future of this crate may be dropped at any await: the statement is interrupted, its transaction rolled
//! back, the connection reused.

mod config;
mod database;
mod error;
mod insert;
mod migrations;
mod row;
mod sqlite;
mod statement;
mod value;

pub use config::{DatabaseKind, DatabaseSettings, DatabaseUrl, EXPLANATIONS, UrlError};
pub use database::{Connection, Database, OpenError, PoolStatus, ReadConnection, WriteTransaction};
pub use error::{Constraint, DbError, DbErrorKind};
pub use insert::{Insert, insert_into, insert_into_assembled};
pub use migrations::{
    CreateError, Direction, HistoryEntry, MigratedBy, MigrationError, MigrationId, MigrationState,
    MigrationStatus, Migrations, SourceProblem, Target, create_migration,
};
pub use row::Row;
pub use statement::{Query, query, query_assembled};
pub use value::{FromValue, Value};
