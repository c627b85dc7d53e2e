//! Carrying out commands: look, decide, record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_core::{Clock, Tasks};
use mainstay_db::{Constraint, Database, DbError};
use mainstay_events::{
    AppendError, Appended, Appender, EventStore, InvalidAppend, Position, ProjectionError, ReadError,
};
use uuid::Uuid;

use crate::commands::{Changes, Command, DomainError};
use crate::domain::{Name, Stored};
use crate::read::projection::ReadModel;
use crate::read::{Named, Snapshot};

/// How often a command is decided anew when others were faster.
const ATTEMPTS: usize = 3;

/// Where commands are carried out.
#[derive(Clone, Debug)]
pub struct Ledger {
    database: Database,
    appender: Appender,
}

/// Where a command comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The request that brought it.
    pub request_id: Option<Uuid>,
    /// How to know it again, if the client may repeat it.
    pub repetition: Option<Repetition>,
    /// Where in the log stands what was recorded for it; 0 as long as nothing was.
    recorded: Arc<AtomicU64>,
}

impl Origin {
    /// An origin of which nothing was recorded yet.
    pub fn new(request_id: Uuid, repetition: Option<Repetition>) -> Self {
        Self { request_id: Some(request_id), repetition, recorded: Arc::default() }
    }

    /// Where in the log the last of what was recorded for it stands; `None` when nothing was.
    pub fn recorded(&self) -> Option<Position> {
        match self.recorded.load(Ordering::Acquire) {
            0 => None,
            position => Some(Position::new(position)),
        }
    }

    fn note(&self, appended: &Appended) {
        self.recorded.fetch_max(appended.last.get(), Ordering::AcqRel);
    }
}

/// How to know a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// What the client calls the request, in the scope of its route.
    pub append_id: Uuid,
    /// What the request asks for.
    pub fingerprint: [u8; 32],
}

/// Why a command was not carried out. Nothing was changed, but see [`AppendError::Database`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// It cannot be carried out in the present state.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// Others were faster, again and again.
    #[error("others changed the same things {ATTEMPTS} times in a row")]
    Contended,
    /// The key of the request was used before, for another one.
    #[error("the Idempotency-Key was used before for another request")]
    KeyReused,
    /// More is to be recorded at once than the log takes.
    #[error("the change is too large to be recorded at once")]
    TooLarge(#[source] InvalidAppend),
    /// The read model cannot be read.
    #[error("the state cannot be read")]
    Read(#[source] DbError),
    /// The log cannot be read.
    #[error("the earlier answer cannot be read")]
    Earlier(#[source] ReadError),
    /// The facts cannot be recorded.
    #[error("the facts cannot be recorded")]
    Append(#[source] AppendError),
}

impl Ledger {
    /// The ledger of a database, whose appends keep the [read model](crate::read::projection). What it records
    /// is recorded by a task among `tasks`, many changes at a time.
    pub fn open(database: Database, clock: Clock, tasks: &Tasks) -> Self {
        let events = EventStore::with_projections(database.clone(), clock, vec![Arc::new(ReadModel)]);
        Self { database, appender: Appender::start(events, tasks) }
    }

    /// The log.
    pub fn events(&self) -> &EventStore {
        self.appender.store()
    }

    /// Records what waits, and nothing more.
    pub async fn close(&self) {
        self.appender.close().await;
    }

    /// The read model, as it is now.
    ///
    /// # Errors
    ///
    /// See [`Snapshot::take`].
    pub async fn snapshot(&self) -> Result<Snapshot, DbError> {
        Snapshot::take(&self.database).await
    }

    /// The thing of a name, as it is now.
    ///
    /// # Errors
    ///
    /// See [`Snapshot::find`].
    pub async fn find<T: Named>(&self, name: &Name) -> Result<Option<Stored<T>>, DbError> {
        Snapshot::of_each_moment(&self.database).await?.find(name).await
    }

    /// Carries out a command. When this returns, what it says has happened and survives a crash.
    ///
    /// A request that is repeated gets the outcome of the first time.
    ///
    /// # Errors
    ///
    /// See [`LedgerError`].
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the command was carried out completely or not at all.
    pub async fn carry_out<C: Command>(
        &self,
        command: &C,
        origin: &Origin,
    ) -> Result<C::Outcome, LedgerError> {
        if let Some(outcome) = self.earlier::<C>(origin).await? {
            return Ok(outcome);
        }
        for _ in 0..ATTEMPTS {
            let mut snapshot = self.snapshot().await.map_err(LedgerError::Read)?;
            let state = command.load(&mut snapshot).await.map_err(LedgerError::Read)?;
            // Before the wait for the writer: nobody else needs to wait for this reader.
            drop(snapshot);
            let decision = match command.decide(state) {
                Ok(decision) => decision,
                // Perhaps because the same request was carried out meanwhile, on another connection.
                Err(error) => return self.earlier::<C>(origin).await?.ok_or(LedgerError::Domain(error)),
            };
            if decision.changes.is_none() || self.record(decision.changes, &decision.outcome, origin).await? {
                return Ok(decision.outcome);
            }
        }
        Err(LedgerError::Contended)
    }

    /// What a command would decide now.
    ///
    /// # Errors
    ///
    /// See [`LedgerError`].
    pub async fn rehearse<C: Command>(&self, command: &C) -> Result<C::Outcome, LedgerError> {
        let mut snapshot = self.snapshot().await.map_err(LedgerError::Read)?;
        let state = command.load(&mut snapshot).await.map_err(LedgerError::Read)?;
        Ok(command.decide(state)?.outcome)
    }

    /// Records changes; `false` if they rest on old news.
    async fn record(
        &self,
        changes: Changes,
        outcome: &impl serde::Serialize,
        origin: &Origin,
    ) -> Result<bool, LedgerError> {
        let mut append = changes.into_append();
        if let Some(request_id) = origin.request_id {
            append = append.correlation(request_id);
        }
        if let Some(Repetition { append_id, fingerprint }) = origin.repetition {
            append = append.idempotent_as(append_id, fingerprint).meta(outcome);
        }
        match self.appender.append(append).await {
            Ok(appended) => {
                origin.note(&appended);
                Ok(true)
            }
            Err(error) if is_lost_race(&error) => Ok(false),
            Err(AppendError::IdempotencyConflict { .. }) => Err(LedgerError::KeyReused),
            Err(AppendError::Invalid(
                error @ (InvalidAppend::TooManyEvents { .. }
                | InvalidAppend::TooManyStreams { .. }
                | InvalidAppend::TooLarge { .. }
                | InvalidAppend::PayloadTooLarge { .. }),
            )) => Err(LedgerError::TooLarge(error)),
            Err(error) => Err(LedgerError::Append(error)),
        }
    }

    /// The outcome of the first time, if the request was made before.
    async fn earlier<C: Command>(&self, origin: &Origin) -> Result<Option<C::Outcome>, LedgerError> {
        let Some(Repetition { append_id, fingerprint }) = origin.repetition else { return Ok(None) };
        let appended = match self.events().recall(append_id, fingerprint).await {
            Ok(Some(appended)) => appended,
            Ok(None) => return Ok(None),
            Err(AppendError::IdempotencyConflict { .. }) => return Err(LedgerError::KeyReused),
            Err(error) => return Err(LedgerError::Append(error)),
        };
        origin.note(&appended);
        let before = Position::new(appended.first.get() - 1);
        let first = self.events().read_from(before, 1).await.map_err(LedgerError::Earlier)?;
        let meta = first.into_iter().next().and_then(|event| event.meta);
        Ok(meta.and_then(|meta| serde_json::from_str(&meta).ok()))
    }
}

/// Whether somebody else was faster: seen by the version of a stream, or by a key of the read model where the
/// decision rested on the absence of something.
fn is_lost_race(error: &AppendError) -> bool {
    match error {
        AppendError::WrongVersion { .. } => true,
        AppendError::Projection { source: ProjectionError::Database(error), .. } => {
            matches!(error.constraint(), Some(Constraint::ForeignKey | Constraint::Unique))
        }
        _ => false,
    }
}
