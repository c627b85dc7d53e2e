//! The log in a database.

mod append;
mod heads;
mod read;
mod repeat;
mod stage;
mod statements;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

use std::fmt;
use std::sync::Arc;

pub(crate) use append::{Announcement, may_be_made};
pub use verify::{Verified, VerifyError};

pub(crate) use stage::{Prepared, StageError, Staged, Tail, Written};

use mainstay_core::Clock;
use mainstay_db::{Connection, Database, DbError, query};
use tokio::sync::watch;

use self::heads::KnownHeads;
use crate::{InlineProjection, Limits, Position};

/// The log of events. Clones share it.
///
/// Its tables come with [`migrations`](crate::migrations).
#[derive(Clone)]
pub struct EventStore {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Clock,
    limits: Limits,
    projections: Vec<Arc<dyn InlineProjection>>,
    head: watch::Sender<Position>,
    known_heads: KnownHeads,
}

impl EventStore {
    /// A store without projections, with the default limits.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self::with_projections(database, clock, Vec::new())
    }

    /// A store whose appends keep these read models in step, in this order.
    pub fn with_projections(
        database: Database,
        clock: Clock,
        projections: Vec<Arc<dyn InlineProjection>>,
    ) -> Self {
        Self::with_limits(database, clock, projections, Limits::default())
    }

    /// As [`EventStore::with_projections`], with limits of the application's own.
    pub fn with_limits(
        database: Database,
        clock: Clock,
        projections: Vec<Arc<dyn InlineProjection>>,
        limits: Limits,
    ) -> Self {
        let head = watch::Sender::new(Position::START);
        Self {
            inner: Arc::new(Inner {
                database,
                clock,
                limits,
                projections,
                head,
                known_heads: KnownHeads::default(),
            }),
        }
    }

    /// The position of the newest event, from the database. Tells those who [`watch`](EventStore::watch), if they
    /// do not know it yet: another process may have appended it.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn head(&self) -> Result<Position, DbError> {
        let mut read = self.inner.database.read().await?;
        let row = query("select position from es_seq where id = 1").fetch_one(&mut read).await?;
        let position = row.get(0)?;
        self.inner.head.send_if_modified(|known| {
            let is_news = *known < position;
            *known = position.max(*known);
            is_news
        });
        Ok(position)
    }

    /// The database that holds the log.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Puts appends into a transaction.
    pub(crate) async fn stage(
        &self,
        connection: &mut Connection,
        requests: &[Prepared],
    ) -> Result<Staged, StageError> {
        stage::stage(&self.inner, connection, requests).await
    }

    /// Notes that what was staged is committed.
    pub(crate) fn committed(&self, written: Written) {
        let Written { tail, before, heads } = written;
        self.inner.known_heads.remember(before, tail.event_id, heads);
    }

    /// Whether the transaction with this end was committed. When this returns, the answer is final.
    pub(crate) async fn was_committed(&self, tail: Tail) -> Result<bool, DbError> {
        let mut transaction = self.inner.database.write().await?;
        statements::was_committed(&mut transaction, tail).await
    }

    /// Wakes whoever follows the log: changes after each append of this process, and when [`EventStore::head`]
    /// finds more.
    ///
    /// The value is a hint. It starts at [`Position::START`] whatever the log holds, knows nothing of other
    /// processes, and a commit whose outcome is unknown is announced too; so read on from the last position
    /// seen until a page comes back empty, and look now and then without being woken.
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.inner.head.subscribe()
    }
}

impl fmt::Debug for EventStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let projections: Vec<_> = self.inner.projections.iter().map(|projection| projection.name()).collect();
        f.debug_struct("EventStore")
            .field("database", &self.inner.database)
            .field("projections", &projections)
            .finish_non_exhaustive()
    }
}
