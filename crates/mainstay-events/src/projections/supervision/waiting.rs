//! Waiting until a read model has seen an event.

use std::time::Duration;

use mainstay_db::{DbError, query};

use super::Projections;
use crate::Position;

/// How often the database is asked while another process may be the one that moves the projection.
const ASKED: Duration = Duration::from_millis(50);

/// A read model has not seen an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// Not in time.
    #[error("the read model is at {at} and has not come to {wanted} in time")]
    TimedOut {
        /// Where it is.
        at: Position,
        /// Where it should be.
        wanted: Position,
    },
    /// It stands still.
    #[error("the read model stands at {at}")]
    Standing {
        /// Where it is.
        at: Position,
    },
    /// There is no such projection.
    #[error("there is no such projection")]
    Unknown,
    /// The database failed.
    #[error("the read model cannot be asked")]
    Database(#[from] DbError),
}

impl Projections {
    /// Waits until all lanes of a projection have taken the event at a position: then whoever appended it reads
    /// what was written. Keys that were put aside do not count.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn wait_for(&self, name: &str, wanted: Position, limit: Duration) -> Result<(), WaitError> {
        let mut moved = self.runner.watch();
        let mut at = Position::START;
        let waiting = async {
            loop {
                moved.borrow_and_update();
                let mut read = self.runner.store().database().read().await?;
                let row = query(
                    "select min(position), sum(case when status = 'running' then 0 else 1 end)
                     from es_projection where name = $1 and role = 'serving'",
                )
                .bind(name)
                .fetch_one(&mut read)
                .await?;
                drop(read);
                at = row.get::<Option<Position>>(0)?.ok_or(WaitError::Unknown)?;
                if at >= wanted {
                    return Ok(());
                }
                if row.get::<i64>(1)? > 0 {
                    return Err(WaitError::Standing { at });
                }
                // Ends the wait when another process moved it, or the runner is gone.
                let _ = tokio::time::timeout(ASKED, moved.changed()).await;
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(WaitError::TimedOut { at, wanted }),
        }
    }
}
