//! The handle of a database and its pools.

mod connection;
mod guards;
mod lane;
mod open;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

pub use connection::Connection;
pub use guards::{ReadConnection, WriteTransaction};
use lane::Lane;
pub use lane::PoolStatus;
pub use open::OpenError;

use crate::sqlite::{Begin, Location};
use crate::{DbError, DbErrorKind, query};

/// Longest wait of [`Database::probe`].
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// Longest wait of [`Database::close`].
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A database that is open. Clones share it.
///
/// Time-outs here run on Tokio's timer while the work runs on threads that Tokio does not know of: in a test
/// with paused time, waits for the database would end at once.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    readers: Arc<Lane>,
    writer: Arc<Lane>,
    /// Apart from the others: a probe must answer while they are exhausted.
    prober: Arc<Lane>,
    /// Last, so that a temporary folder outlives the connections.
    _location: Location,
}

impl Database {
    /// Lends a connection for reading, within `DB_POOL_TIMEOUT`.
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
        self.inner.readers.lease().await.map(ReadConnection::new)
    }

    /// Lends a connection for reading, on which all statements see one state: that at the first of them.
    ///
    /// Do not keep it for long: it holds back the cleaning of the write-ahead log.
    ///
    /// # Errors
    ///
    /// As [`Database::read`].
    ///
    /// # Cancel safety
    ///
    /// As [`Database::read`].
    pub async fn read_snapshot(&self) -> Result<ReadConnection, DbError> {
        let mut lease = self.inner.readers.lease().await?;
        lease.connection.begin(Begin::Snapshot).await?;
        Ok(ReadConnection::new(lease))
    }

    /// Waits for its turn, within `DB_POOL_TIMEOUT`, and begins the transaction that may write.
    ///
    /// There is one such transaction at a time, so hold it for the statements only: never across a wait for a
    /// client or another service. Asking for a second one while holding the first waits for nothing and ends
    /// in [`PoolExhausted`](DbErrorKind::PoolExhausted).
    ///
    /// # Errors
    ///
    /// As [`Database::read`]; and [`Busy`](DbErrorKind::Busy) when another process held the write lock for
    /// another `DB_POOL_TIMEOUT`.
    ///
    /// # Cancel safety
    ///
    /// As [`Database::read`].
    pub async fn write(&self) -> Result<WriteTransaction, DbError> {
        let mut lease = self.inner.writer.lease().await?;
        lease.connection.begin(Begin::Write).await?;
        Ok(WriteTransaction::new(lease))
    }

    /// Asks whether the database answers, on a connection of its own, within one second.
    ///
    /// It reads the file itself, so a pulled disk shows. It never waits for the other pools.
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
            let mut lease = self.inner.prober.lease().await?;
            query("select count(*) from sqlite_schema").fetch_one(&mut lease.connection).await.map(drop)
        };
        timeout(PROBE_LIMIT, ask).await.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::TimedOut)))
    }

    /// How the pools stand: for readers, for the writer, for probes.
    pub fn pools(&self) -> [PoolStatus; 3] {
        [self.inner.readers.status(), self.inner.writer.status(), self.inner.prober.status()]
    }

    /// Lends nothing any more, waits for what is on loan, empties the write-ahead log and closes the file; all
    /// within five seconds. What is late is closed as it comes back. Later calls find nothing to do.
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
        let Inner { readers, writer, prober, .. } = &*self.inner;
        let orderly = async {
            prober.close().await?;
            readers.close().await?;
            // The last to close a file moves what stands in the write-ahead log into it.
            writer.close().await
        };
        let closed = timeout(limit, orderly).await;
        closed.unwrap_or_else(|_| {
            for lane in [prober, readers, writer] {
                lane.shut();
            }
            Err(DbError::new(DbErrorKind::TimedOut))
        })
    }
}
