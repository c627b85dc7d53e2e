//! What has to be done beside the requests: writing down when sessions were seen, and deleting expired ones.

use std::time::Duration;

use mainstay_core::{Chain, Shutdown, random};

use super::error::SessionError;
use super::last_seen;
use super::service::Sessions;
use crate::life::WorkerError;

/// How many expired sessions are deleted at once: others wait for that long.
const SWEPT_AT_ONCE: u32 = 1_000;

/// Most batches of one sweep, so that notes are written in between whatever there is to delete.
const BATCHES: u32 = 100;

impl Sessions {
    /// Writes notes and deletes expired sessions until the shutdown begins; then writes the last notes.
    ///
    /// For [`App::worker`](crate::life::App::worker). A store that does not answer is reported, and asked again the
    /// next time.
    ///
    /// # Errors
    ///
    /// When the last notes cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped: the notes stay, and what is expired is refused whether it is deleted or not.
    pub async fn upkeep(self, shutdown: Shutdown) -> Result<(), WorkerError> {
        let interval = last_seen::interval(self.inner.settings.idle_timeout);
        loop {
            tokio::select! {
                () = tokio::time::sleep(jittered(interval)) => {}
                () = self.inner.last_seen.full() => {}
                () = shutdown.begun() => return self.write_last_seen().await.map(drop).map_err(Into::into),
            }
            let done = async { self.write_last_seen().await.and(self.sweep().await) };
            if let Err(error) = done.await {
                tracing::warn!(error = %Chain(&error), "sessions were not tidied up");
            }
        }
    }

    /// Writes down when sessions were last seen, and says how many it was.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`]; the notes stay then.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped: the notes stay.
    pub async fn write_last_seen(&self) -> Result<usize, SessionError> {
        let notes = self.inner.last_seen.all();
        self.inner.store.touch(&notes).await?;
        self.inner.last_seen.written(&notes);
        Ok(notes.len())
    }

    /// Deletes expired sessions, and says how many it was.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    ///
    /// # Cancel safety
    ///
    /// Can be dropped between two batches.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        let now = self.inner.clock.timestamp();
        let mut swept = 0;
        for _ in 0..BATCHES {
            let batch = self.inner.store.sweep(now, SWEPT_AT_ONCE).await?;
            swept += batch;
            if batch < u64::from(SWEPT_AT_ONCE) {
                break;
            }
        }
        Ok(swept)
    }
}

/// A fifth more or less, so that instances do not write all at once.
fn jittered(interval: Duration) -> Duration {
    let spread = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX) * 2 / 5;
    interval * 4 / 5 + Duration::from_millis(random::below(spread))
}
