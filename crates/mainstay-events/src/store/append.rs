//! One append in one transaction: of its own, or of the caller's.

use std::sync::Arc;

use mainstay_db::{DbErrorKind, Dialect, WriteTransaction, query};
use tokio::sync::watch;

use super::stage::{Prepared, StageError, Written, stage};
use super::{EventStore, Inner};
use crate::{Append, AppendError, Appended, Position};

impl EventStore {
    /// Appends events, and applies the inline projections, in one transaction of its own.
    ///
    /// When this returns, the events survive a crash of the process and a power cut. Where many append at the
    /// same time, an [`Appender`](crate::Appender) carries many appends with one flush of the disk.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. Nothing was stored then, with one exception that [`AppendError::Database`] names.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, either all of it was stored or nothing, and which of the two is not known.
    /// Repeat it with the same [id](Append::idempotent) to be sure.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let began = self.inner.clock.now();
        // Before the lock: hashing is work.
        let prepared = Prepared::new(append, &self.inner.limits)?;
        let mut transaction = self.inner.database.write().await?;
        let (appended, written) = stage_one(&self.inner, &mut transaction, prepared).await?;
        let Some(written) = written else { return Ok(appended) };
        let mut announcement = Announcement::of(self, appended.last);
        let committed = transaction.commit().await;
        if let Err(error) = &committed
            && !may_be_made(error.kind())
        {
            announcement.withdraw();
        }
        committed?;
        self.committed(written);
        metrics::counter!("events_appended_total").increment(appended.event_count());
        metrics::histogram!("append_seconds").record(self.inner.clock.now() - began);
        Ok(appended)
    }

    /// Appends events in a transaction of the caller's, so that they and rows of its own come together or not
    /// at all.
    ///
    /// Call it last, and commit at once: from here on until the commit every other append waits for the
    /// positions that this one has taken (I4, I5). After the commit, [`EventStore::announce`] wakes those who
    /// follow the log. On PostgreSQL, a caller that does nothing for three seconds has lost its transaction.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. After [`Database`](AppendError::Database) and
    /// [`Projection`](AppendError::Projection) the transaction can only be rolled back; after the others it is
    /// as it was.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the transaction must be rolled back.
    pub async fn append_in_tx(
        &self,
        transaction: &mut WriteTransaction,
        append: Append,
    ) -> Result<Appended, AppendError> {
        let prepared = Prepared::new(append, &self.inner.limits)?;
        if transaction.dialect() == Dialect::Postgres {
            // I4: if the caller stalls before its commit, the server gives its positions back.
            let idle = "set local idle_in_transaction_session_timeout = '3s'";
            query(idle).execute(transaction).await?;
        }
        Ok(stage_one(&self.inner, transaction, prepared).await?.0)
    }

    /// Wakes those who follow the log, after the commit of an [`EventStore::append_in_tx`]. Whoever forgets it
    /// makes them a moment late: they look by themselves too.
    pub fn announce(&self, appended: &Appended) {
        metrics::counter!("events_appended_total").increment(appended.event_count());
        drop(Announcement::of(self, appended.last));
    }
}

impl Appended {
    fn event_count(&self) -> u64 {
        if self.repeated { 0 } else { self.last.get() + 1 - self.first.get() }
    }
}

/// Whether a commit that failed so may have been made all the same.
pub(crate) fn may_be_made(kind: DbErrorKind) -> bool {
    matches!(kind, DbErrorKind::TimedOut | DbErrorKind::Unreachable)
}

/// Wakes the followers when it goes, also when the append is dropped in the middle of its commit: the events
/// may be there, and nobody else would tell.
pub(crate) struct Announcement {
    store: Arc<Inner>,
    position: Option<Position>,
}

impl Announcement {
    pub(crate) fn of(store: &EventStore, position: Position) -> Self {
        Self { store: Arc::clone(&store.inner), position: Some(position) }
    }

    /// Nothing was stored: nobody is woken.
    pub(crate) fn withdraw(&mut self) {
        self.position = None;
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(position) = self.position {
            let head: &watch::Sender<Position> = &self.store.head;
            // Wakes also when the number is not new: after a commit that was announced and failed, the next
            // append takes the same positions.
            head.send_modify(|head| *head = position.max(*head));
        }
    }
}

async fn stage_one(
    store: &Inner,
    transaction: &mut WriteTransaction,
    prepared: Prepared,
) -> Result<(Appended, Option<Written>), AppendError> {
    match stage(store, transaction, std::slice::from_ref(&prepared)).await {
        Ok(mut staged) => {
            let appended = staged.outcomes.pop().unwrap_or(Err(AppendError::Unanswered))?;
            Ok((appended, staged.written))
        }
        Err(StageError::Blamed { error, .. }) => Err(error),
        Err(StageError::Database(error)) => Err(error.into()),
    }
}
