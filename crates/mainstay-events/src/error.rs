//! What can go wrong with the log.

use std::any::Any;
use std::error::Error;
use std::time::Duration;

use mainstay_db::DbError;
use uuid::Uuid;

use crate::{Expected, InvalidAppend, Position, StreamId, Version};

/// Nothing was appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The append itself is wrong: a mistake of the caller.
    #[error("the append is not valid")]
    Invalid(#[from] InvalidAppend),
    /// A stream is not where the caller thought. Load it, decide again, append again.
    #[error("stream {stream} was expected to be {expected} and is {}", describe(*actual))]
    WrongVersion {
        /// The first such stream of the append.
        stream: StreamId,
        /// What the caller thought.
        expected: Expected,
        /// What is; `None` when there is no such stream.
        actual: Option<Version>,
    },
    /// The append's id was used before, for something else.
    #[error("append {append_id} was made before with other contents")]
    IdempotencyConflict {
        /// The id.
        append_id: Uuid,
    },
    /// More appends wait than may wait. Worth another try after a while.
    #[error("too many appends wait already")]
    Overloaded {
        /// When those that wait now will have had their turn, as far as can be told.
        retry_after: Duration,
    },
    /// The [`Appender`](crate::Appender) was closed: the process is stopping. Nothing was stored.
    #[error("no appends are taken any more")]
    Stopping,
    /// An inline projection refused or failed.
    #[error("projection {name} cannot apply the events")]
    Projection {
        /// Its name.
        name: &'static str,
        /// Why.
        source: ProjectionError,
    },
    /// The database failed. When it was lost or timed out in the commit, the append may have been made all the
    /// same: repeat it with the same id.
    #[error("the events cannot be stored")]
    Database(#[from] DbError),
    /// The task that appends has ended without an answer. The append may have been made all the same.
    #[error("the append was not answered")]
    Unanswered,
}

/// Why an inline projection does not apply events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// A statement failed.
    #[error("the read model cannot be changed")]
    Database(#[from] DbError),
    /// An event does not read.
    #[error("an event cannot be decoded")]
    Decode(#[from] DecodeError),
    /// The projection panicked: a bug of it.
    #[error("the projection panicked: {0}")]
    Panicked(String),
    /// The projection has reasons of its own, such as a rule over many streams. Callers may downcast it.
    #[error("the events were refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The database failed.
    #[error("the events cannot be read")]
    Database(#[from] DbError),
    /// A number is missing in the log or in a stream: it was damaged, or restored in part. Reading on would
    /// skip events in silence.
    #[error("the log is damaged: after number {after} comes {found}")]
    Damaged {
        /// The last number that was as it should be.
        after: u64,
        /// The one that came next.
        found: u64,
    },
}

/// A payload does not read as the wanted type.
#[derive(Debug, thiserror::Error)]
#[error("event {event_type} at position {position} does not read as the wanted type")]
pub struct DecodeError {
    /// Where it stands.
    pub position: Position,
    /// Its name.
    pub event_type: String,
    /// Why; `None` when it read as an event of another name.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ProjectionError {
    /// What a panic said.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Panicked(said.unwrap_or_else(|| "without a text".to_owned()))
    }
}

fn describe(actual: Option<Version>) -> String {
    actual.map_or_else(|| "not there".to_owned(), |version| format!("at version {version}"))
}
