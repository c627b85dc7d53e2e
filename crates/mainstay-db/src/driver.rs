//! One connection to whichever database it is.

use std::borrow::Cow;
use std::time::Duration;

#[cfg(feature = "postgres")]
use crate::postgres;
use crate::{DbError, Dialect, Row, Value, sqlite};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads; on PostgreSQL it also writes, in transactions that say so.
    Reader,
    /// SQLite's one writer.
    Writer,
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// All statements see the state at the first of them.
    Snapshot,
    /// May write. SQLite takes the write lock at once: a read that turns into a write later would fail instead of
    /// waiting.
    Write,
}

/// How connections are opened.
#[derive(Clone, Debug)]
pub(crate) enum Connector {
    Sqlite(sqlite::Options),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Options>),
}

/// One connection.
///
/// A future of `run`, `script`, `begin` or `commit` may be dropped half way. The connection is not *settled* then:
/// it owes an answer, and [`Driver::abandon`] and [`Driver::recover`] must come before its next use.
#[derive(Debug)]
pub(crate) enum Driver {
    Sqlite(sqlite::Driver),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Driver>),
}

/// Calls the same method of whichever driver it is.
macro_rules! either {
    ($self:expr, $driver:ident => $call:expr) => {
        match $self {
            Driver::Sqlite($driver) => $call,
            #[cfg(feature = "postgres")]
            Driver::Postgres($driver) => $call,
        }
    };
}

impl Connector {
    pub(crate) async fn open(&self, role: Role) -> Result<Driver, DbError> {
        match self {
            Self::Sqlite(options) => sqlite::Driver::open(options, role).await.map(Driver::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(options) => {
                postgres::Driver::open(options).await.map(Box::new).map(Driver::Postgres)
            }
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

impl Driver {
    /// Whether everything that was sent has been answered.
    pub(crate) fn is_settled(&self) -> bool {
        either!(self, driver => driver.is_settled())
    }

    /// Runs one prepared statement, hands its rows to `each`, and counts the changes.
    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
        limit: Option<Duration>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, DbError> {
        either!(self, driver => driver.run(sql, values, limit, each).await)
    }

    /// Runs a text of several statements without placeholders.
    pub(crate) async fn script(&mut self, sql: String, limit: Option<Duration>) -> Result<(), DbError> {
        either!(self, driver => driver.script(sql, limit).await)
    }

    pub(crate) async fn begin(&mut self, how: Begin) -> Result<(), DbError> {
        either!(self, driver => driver.begin(how).await)
    }

    pub(crate) async fn commit(&mut self, limit: Option<Duration>) -> Result<(), DbError> {
        either!(self, driver => driver.commit(limit).await)
    }

    /// Whether the rollback of an abandoned connection is waited for by a task of its own, because the statement
    /// runs elsewhere and holds locks there until it is told to stop.
    pub(crate) fn recovers_apart(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
        }
    }

    /// Stops what runs, without waiting for it.
    pub(crate) fn abandon(&mut self) {
        either!(self, driver => driver.abandon());
    }

    /// Makes an abandoned connection good again.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub(crate) async fn recover(&mut self) -> Result<(), DbError> {
        either!(self, driver => driver.recover().await)
    }

    /// Makes a connection good that was abandoned, and looks whether one that nobody used for a while still is.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "a file does not go away"))]
    pub(crate) async fn make_ready(&mut self, idle: Duration) -> Result<(), DbError> {
        match self {
            unsettled if !unsettled.is_settled() => unsettled.recover().await,
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(driver) => driver.check(idle).await,
        }
    }

    /// Hears from now on when a bell is rung.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, clippy::unused_async, reason = "a file rings no bells")
    )]
    pub(crate) async fn listen(&mut self, bell: &'static str) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(driver) => driver.listen(bell).await,
        }
    }

    /// Waits until a bell was rung.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub(crate) async fn heard(&mut self) -> Result<String, DbError> {
        match self {
            Self::Sqlite(_) => std::future::pending().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(driver) => driver.heard().await,
        }
    }

    pub(crate) async fn close(self) -> Result<(), DbError> {
        either!(self, driver => driver.close().await)
    }
}
