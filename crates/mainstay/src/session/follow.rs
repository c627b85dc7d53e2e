//! Following what other instances, and commands, change in the same store.

use std::time::Duration;

use mainstay_core::{Chain, Shutdown};

use super::error::SessionError;
use super::service::Sessions;
use super::store::{Changed, Mark};
use crate::life::WorkerError;

/// How often the store is asked.
const EVERY: Duration = Duration::from_millis(250);

/// How long the cache is believed after the store was asked, if it has answered. Nobody passes longer than that by what
/// was changed elsewhere.
const LEASE: Duration = Duration::from_secs(1);

impl Sessions {
    /// Asks the store four times a second what others have changed, and forgets it, until the shutdown begins. While the
    /// store does not answer, the cache is not believed.
    ///
    /// For [`App::worker`](crate::life::App::worker). Without it, this instance takes itself for the only one.
    ///
    /// # Errors
    ///
    /// None: a store that does not answer is reported, and asked again.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped: the cache is not believed then, until this runs again.
    pub async fn follow(self, shutdown: Shutdown) -> Result<(), WorkerError> {
        self.inner.cache.suspend();
        let (mut mark, mut answers) = (None, true);
        loop {
            let caught_up = tokio::select! {
                caught_up = self.catch_up(mark) => caught_up,
                () = shutdown.begun() => return Ok(()),
            };
            match caught_up {
                Ok(now) => {
                    mark = Some(now);
                    answers = true;
                }
                Err(error) => {
                    // Once for each outage.
                    if std::mem::take(&mut answers) {
                        let error = Chain(&error);
                        tracing::warn!(%error, "sessions are not cached: their store does not say what was changed");
                    }
                }
            }
            if tokio::time::timeout(EVERY, shutdown.begun()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Forgets what others have changed since a mark; everything, without one. The cache is believed for a second then.
    pub(super) async fn catch_up(&self, since: Option<Mark>) -> Result<Mark, SessionError> {
        let inner = &self.inner;
        let asked = inner.clock.now();
        let changes = inner.store.changes(since).await?;
        if since.is_none() {
            inner.cache.forget_all();
        }
        for changed in &changes.changed {
            match changed {
                Changed::Session(id) => inner.cache.forget_session(*id),
                Changed::User(user) => inner.cache.forget_user(*user),
                Changed::All => inner.cache.forget_all(),
            }
        }
        inner.cache.believe(asked, LEASE);
        if !changes.changed.is_empty() {
            inner.announce_end();
        }
        Ok(changes.mark)
    }
}
