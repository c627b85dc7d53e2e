//! Waits for a lock that another process holds.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Database;

/// The waits of one database.
#[derive(Debug, Default)]
pub(super) struct LockWaits {
    state: watch::Sender<State>,
}

/// A wait for the lock of another process. It ends with this.
#[derive(Debug)]
#[must_use = "the wait ends with this"]
pub(crate) struct LockWait<'a> {
    waits: &'a LockWaits,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Waits under way. One may lie within another: the next step of a migration tries time and again.
    waiting: usize,
    /// Counts the times in which somebody waited, to tell one long from many short ones.
    turn: u64,
    /// How long the outermost wait lasts at most.
    limit: Duration,
}

impl LockWaits {
    /// Begins a wait that lasts `limit` at most.
    pub(super) fn begin(&self, limit: Duration) -> LockWait<'_> {
        self.state.send_modify(|state| {
            if state.waiting == 0 {
                state.turn += 1;
                state.limit = limit;
            }
            state.waiting += 1;
        });
        LockWait { waits: self }
    }
}

impl Drop for LockWait<'_> {
    fn drop(&mut self) {
        self.waits.state.send_modify(|state| state.waiting -= 1);
    }
}

impl Database {
    /// Completes as soon as something has been waiting for `patience` for another process: on SQLite for the write
    /// lock, on PostgreSQL for the end of a migration. Gives the longest that it will wait in all; afterwards it is
    /// told so ([`Busy`](crate::DbErrorKind::Busy), [`Locked`](crate::MigrationError::Locked)).
    ///
    /// For whoever wants to say why nothing happens. Waits for other users of the same handle do not count: those
    /// come to an end by themselves.
    ///
    /// # Cancel safety
    ///
    /// Safe.
    pub async fn held_up(&self, patience: Duration) -> Duration {
        let mut state = self.inner.lock_waits.state.subscribe();
        loop {
            // The other end lives as long as this handle: there are no errors here.
            let begun = state.wait_for(|state| state.waiting > 0).await.map(|state| *state);
            let Ok(begun) = begun else { return std::future::pending().await };
            let over = state.wait_for(|state| state.waiting == 0 || state.turn != begun.turn);
            if timeout(patience, over).await.is_err() {
                return begun.limit;
            }
        }
    }
}
