//! The handle of a database and its pools.

mod bell;
mod circuit;
mod connection;
mod gate;
mod guards;
mod held_up;
mod lane;
mod open;
mod open_error;
mod parked;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

pub use bell::Listener;
use circuit::Circuit;
pub use circuit::CircuitStatus;
pub use connection::Connection;
pub use guards::{ReadConnection, WriteTransaction};
pub(crate) use held_up::LockWait;
use held_up::LockWaits;
use lane::Lane;
pub use lane::PoolStatus;
pub use open_error::{OpenError, ServerProblem};

use crate::driver::Begin;
use crate::sqlite::Location;
use crate::statement::ByDialect;
use crate::work::Scope;
use crate::{DbError, DbErrorKind, Dialect, Work, query};

/// Longest wait of [`Database::probe`].
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// Longest wait of [`Database::close`].
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A database that is open. Clones share it.
///
/// Each class of [work](Work) has connections of its own. A call belongs to the class of its handle
/// ([`Database::for_work`]), else to that of its [`Scope`], else to the web.
///
/// Time-outs here run on Tokio's timer while the work runs on threads and servers that Tokio does not know of: in a
/// test with paused time, waits for the database would end at once.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
    work: Option<Work>,
}

#[derive(Debug)]
struct Inner {
    dialect: Dialect,
    /// One for each class of work, in the order of [`Work::ALL`].
    lanes: [Arc<Lane>; Work::ALL.len()],
    /// SQLite's one writer, for which all classes queue.
    writer: Option<Arc<Lane>>,
    circuit: Circuit,
    lock_waits: LockWaits,
    /// How long the write lock of a file is waited for while another process holds it.
    lock_limit: Duration,
    /// Last, so that a temporary folder outlives the connections.
    _location: Option<Location>,
}

impl Database {
    /// The same database for one class of work: what this handle and its clones lend comes from the connections of
    /// that class, whatever scope it is asked in.
    #[must_use]
    pub fn for_work(&self, work: Work) -> Self {
        Self { inner: Arc::clone(&self.inner), work: Some(work) }
    }

    /// The dialect of SQL that the database speaks.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Lends a connection for reading, within `DB_POOL_TIMEOUT`.
    ///
    /// Do not ask for a second connection while holding one: on PostgreSQL both come from the same pool, and when
    /// everybody holds one and waits for another, nobody gets it.
    ///
    /// # Errors
    ///
    /// [`PoolExhausted`](DbErrorKind::PoolExhausted), [`Closed`](DbErrorKind::Closed), or that of opening a
    /// further connection.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait gives up its place in the queue.
    pub async fn read(&self) -> Result<ReadConnection, DbError> {
        let (scope, work) = self.surroundings();
        self.lane(work).lease(scope, work.is_urgent()).await.map(ReadConnection::new)
    }

    /// Lends a connection for reading, on which all statements see one state: that at the first of them.
    ///
    /// Do not keep it for long: it holds back the cleaning of SQLite's write-ahead log, and of PostgreSQL's tables.
    ///
    /// # Errors
    ///
    /// As [`Database::read`].
    ///
    /// # Cancel safety
    ///
    /// As [`Database::read`].
    pub async fn read_snapshot(&self) -> Result<ReadConnection, DbError> {
        let (scope, work) = self.surroundings();
        let mut lease = self.lane(work).lease(scope, work.is_urgent()).await?;
        lease.connection.begin(Begin::Snapshot).await?;
        Ok(ReadConnection::new(lease))
    }

    /// Waits for its turn, within `DB_POOL_TIMEOUT`, and begins the transaction that may write.
    ///
    /// Hold it for the statements only: never across a wait for a client or another service.
    ///
    /// **What a transaction may rely on.** Its changes are made together or not at all. On SQLite there is one such
    /// transaction at a time. On PostgreSQL there are many (`read committed`): what a statement has read may be
    /// changed by somebody else before the next one writes. Code that reads, decides and writes has to hold the row
    /// (`for update`), to put the condition into the writing statement and count the rows, or to let a constraint
    /// decide. Two that wait for each other's rows are told apart by [`Serialization`](DbErrorKind::Serialization).
    ///
    /// Asking for a second transaction while holding the first waits for nothing on SQLite, and ends in
    /// [`PoolExhausted`](DbErrorKind::PoolExhausted).
    ///
    /// # Errors
    ///
    /// As [`Database::read`]; and on SQLite [`Busy`](DbErrorKind::Busy) when another process held the write lock
    /// for another `DB_POOL_TIMEOUT`.
    ///
    /// # Cancel safety
    ///
    /// As [`Database::read`].
    pub async fn write(&self) -> Result<WriteTransaction, DbError> {
        let (scope, work) = self.surroundings();
        let lane = self.inner.writer.as_ref().unwrap_or_else(|| self.lane(work));
        let mut lease = lane.lease(scope, work.is_urgent()).await?;
        // The writer of this process is ours: whoever makes us wait from here on is another one.
        let _wait = self.inner.writer.is_some().then(|| self.await_lock(self.inner.lock_limit));
        lease.connection.begin(Begin::Write).await?;
        Ok(WriteTransaction::new(lease))
    }

    /// Asks whether the database answers, on a connection of its own, within one second.
    ///
    /// On SQLite it reads the file itself, so a pulled disk shows. It never waits for the other pools.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](DbErrorKind::TimedOut) when it does not answer in time; else that of the statement.
    ///
    /// # Cancel safety
    ///
    /// Safe.
    pub async fn probe(&self) -> Result<(), DbError> {
        let ask = async {
            let mut lease = self.lane(Work::Health).lease(Scope::new(), true).await?;
            let question = ByDialect { sqlite: "select count(*) from sqlite_schema", postgres: "select 1" };
            query(question).fetch_one(&mut lease.connection).await.map(drop)
        };
        let found = timeout(PROBE_LIMIT, ask).await;
        let found = found.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::TimedOut)));
        self.inner.circuit.probed(&found);
        found
    }

    /// How the circuit breaker stands.
    pub fn circuit(&self) -> CircuitStatus {
        self.inner.circuit.status()
    }

    /// How the pools stand: one for each class of work, and SQLite's writer.
    pub fn pools(&self) -> Vec<PoolStatus> {
        self.inner.lanes.iter().chain(&self.inner.writer).map(|lane| lane.status()).collect()
    }

    /// How the pool of one class of work stands.
    pub fn pool(&self, work: Work) -> PoolStatus {
        self.lane(work).status()
    }

    /// Lends nothing any more, waits for what is on loan, and closes all connections; all within five seconds. What
    /// is late is closed as it comes back. Later calls find nothing to do.
    ///
    /// SQLite empties its write-ahead log and closes the file.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](DbErrorKind::TimedOut) when something was late; else that of the last writes. Nothing is
    /// lost in either case: the next start recovers what stands in the write-ahead log.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub async fn close(&self) -> Result<(), DbError> {
        self.close_within(CLOSE_LIMIT).await
    }

    async fn close_within(&self, limit: Duration) -> Result<(), DbError> {
        // The last to close a SQLite file moves what stands in the write-ahead log into it: the writer's part.
        let lanes = || self.inner.lanes.iter().rev().chain(&self.inner.writer);
        let orderly = async {
            for lane in lanes() {
                lane.close().await?;
            }
            Ok(())
        };
        timeout(limit, orderly).await.unwrap_or_else(|_| {
            lanes().for_each(|lane| lane.shut());
            Err(DbError::new(DbErrorKind::TimedOut))
        })
    }

    /// Begins a wait for the lock of another process, which lasts `limit` at most.
    pub(crate) fn await_lock(&self, limit: Duration) -> LockWait<'_> {
        self.inner.lock_waits.begin(limit)
    }

    fn surroundings(&self) -> (Scope, Work) {
        let scope = Scope::current();
        (scope, self.work.or(scope.work()).unwrap_or(Work::Web))
    }

    fn lane(&self, work: Work) -> &Arc<Lane> {
        self.inner.lane(work)
    }
}

impl Inner {
    fn lane(&self, work: Work) -> &Arc<Lane> {
        let [web, slow, background, control, health] = &self.lanes;
        match work {
            Work::Web => web,
            Work::Slow => slow,
            Work::Background => background,
            Work::Control => control,
            Work::Health => health,
        }
    }
}
