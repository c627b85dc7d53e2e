//! Looking through the whole log.

use mainstay_db::{Connection, DbError, query};

use super::EventStore;
use crate::{Position, ReadError};

/// Events of one page.
const PAGE: u32 = 1_000;

/// A log that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many events it has.
    pub events: u64,
    /// How many streams.
    pub streams: u64,
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A position is missing, or the database failed.
    #[error("the events cannot be read through")]
    Read(#[from] ReadError),
    /// The counter says something else than the events do.
    #[error("the counter is at {counter} and the newest event at {newest}")]
    Counter {
        /// The counter.
        counter: Position,
        /// The newest event.
        newest: Position,
    },
    /// Streams whose versions are not 1 to V.
    #[error("{count} streams are not whole, the first is {first}")]
    Streams {
        /// How many.
        count: u64,
        /// The first by name.
        first: String,
    },
}

impl EventStore {
    /// Reads the whole log through and checks I1, I2 and the counter, in one snapshot.
    ///
    /// # Errors
    ///
    /// See [`VerifyError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn verify(&self) -> Result<Verified, VerifyError> {
        let mut snapshot = self.inner.database.read_snapshot().await.map_err(ReadError::from)?;
        let mut newest = Position::START;
        loop {
            let page = self.read_in(&mut snapshot, newest, PAGE).await?;
            let Some(last) = page.last() else { break };
            newest = last.position;
        }
        let counter = counter(&mut snapshot).await.map_err(ReadError::from)?;
        if counter != newest {
            return Err(VerifyError::Counter { counter, newest });
        }
        let (count, first, streams) = streams(&mut snapshot).await.map_err(ReadError::from)?;
        match first {
            Some(first) => Err(VerifyError::Streams { count, first }),
            None => Ok(Verified { events: newest.get(), streams }),
        }
    }
}

async fn counter(connection: &mut Connection) -> Result<Position, DbError> {
    query("select position from es_seq where id = 1").fetch_one(connection).await?.get(0)
}

/// How many streams are not whole, the first of them, and how many there are at all.
async fn streams(connection: &mut Connection) -> Result<(u64, Option<String>, u64), DbError> {
    let row = query(
        "with found as (
             select stream_id, count(*) as events, min(version) as first, max(version) as last
             from es_event group by stream_id
         ), wrong as (
             select stream_id from found where first <> 1 or last <> events
         )
         select (select count(*) from wrong), (select min(stream_id) from wrong), (select count(*) from found)",
    )
    .fetch_one(connection)
    .await?;
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
