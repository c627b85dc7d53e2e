//! Any number of appends in one transaction: looked up, checked one after the other, numbered, written.
//!
//! The counter comes first: who holds it appends, and on its release the next one begins (I5). Nothing between
//! the counter and the commit waits for anything but the database (I4).

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use mainstay_core::random;
use mainstay_db::{Connection, DbError};
use uuid::Uuid;

use super::heads::Heads;
use super::repeat::{self, Earlier, Key};
use super::{Inner, statements};
use crate::{
    Append, AppendError, Appended, InlineProjection, InvalidAppend, Limits, Position, ProjectionError,
    RecordedEvent, StreamId, Version,
};

/// An append with all the work done that needs no lock.
#[derive(Debug)]
pub(crate) struct Prepared {
    append: Append,
    key: Option<Key>,
    /// How many events it has.
    pub(crate) events: usize,
    /// How large their payloads are.
    pub(crate) bytes: usize,
}

/// What a transaction will have done when it is committed.
#[derive(Debug)]
pub(crate) struct Staged {
    /// For each append, in order.
    pub(crate) outcomes: Vec<Result<Appended, AppendError>>,
    /// What there is to commit.
    pub(crate) written: Option<Written>,
    /// How many events.
    pub(crate) events: usize,
}

/// What a transaction has written, to be [noted](super::EventStore::committed) once it is committed.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) tail: Tail,
    /// The newest event before.
    pub(super) before: Option<Uuid>,
    pub(super) heads: Heads,
}

/// The last event of a transaction, by which it can be told later whether the transaction was committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) position: Position,
    pub(crate) event_id: Uuid,
}

/// The transaction can only be rolled back.
#[derive(Debug)]
pub(crate) enum StageError {
    /// Because of one append.
    Blamed { index: usize, error: AppendError },
    /// Because of the database, or of an append that it does not name.
    Database(DbError),
}

/// An append that was accepted, with what it gets.
struct Accepted {
    index: usize,
    events: Vec<RecordedEvent>,
    appended: Appended,
}

impl Prepared {
    pub(crate) fn new(append: Append, limits: &Limits) -> Result<Self, InvalidAppend> {
        append.validate(limits)?;
        let key = append.key.map(|key| Key {
            append_id: key.append_id,
            fingerprint: key.fingerprint.unwrap_or_else(|| append.fingerprint()),
        });
        let (events, bytes) = (append.event_count(), append.payload_bytes());
        Ok(Self { append, key, events, bytes })
    }
}

impl From<DbError> for StageError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

pub(super) async fn stage(
    store: &Inner,
    connection: &mut Connection,
    requests: &[Prepared],
) -> Result<Staged, StageError> {
    let turn = statements::take_turn(connection).await?;
    let earlier =
        repeat::recall(connection, requests.iter().filter_map(|request| request.key.as_ref())).await?;
    let streams: BTreeSet<&StreamId> =
        requests.iter().flat_map(|request| &request.append.parts).map(|part| &part.stream).collect();
    let mut heads = store.known_heads.recall(turn.newest, &streams);
    let unknown = streams.into_iter().filter(|stream| !heads.contains_key(*stream)).collect();
    heads.extend(statements::heads(connection, unknown).await?);
    let (mut outcomes, accepted) = judge(requests, &earlier, &mut heads);
    if accepted.is_empty() {
        return Ok(Staged { outcomes: answers(outcomes), written: None, events: 0 });
    }

    let count: usize = accepted.iter().map(|index| requests[*index].events).sum();
    let at = store.clock.timestamp();
    let accepted = record(store, requests, &accepted, &heads, turn.position, at);
    let events = || accepted.iter().flat_map(|append| &append.events);
    statements::write(connection, events(), turn.position.plus(count as u64)).await?;
    project(store, connection, &accepted).await?;
    let keys =
        accepted.iter().filter_map(|append| Some((requests[append.index].key.as_ref()?, &append.appended)));
    repeat::remember(connection, keys, at).await?;

    let tail = events().last().map(|event| Tail { position: event.position, event_id: event.id });
    let written = tail.map(|tail| Written { tail, before: turn.newest, heads });
    for Accepted { index, appended, .. } in accepted {
        outcomes[index] = Outcome::Answer(Ok(appended));
    }
    Ok(Staged { outcomes: answers(outcomes), written, events: count })
}

/// What becomes of an append, as long as not all of them are written.
enum Outcome {
    Answer(Result<Appended, AppendError>),
    /// It is to be written.
    Accepted,
    /// The same as another one before it in this transaction.
    As(usize),
}

/// Decides on the appends one after the other, each in the state that those before it leave. Returns what
/// becomes of each and which are accepted, and leaves in `heads` where the streams will be.
fn judge(
    requests: &[Prepared],
    earlier: &HashMap<Uuid, Earlier>,
    heads: &mut Heads,
) -> (Vec<Outcome>, Vec<usize>) {
    let mut accepted = Vec::with_capacity(requests.len());
    let mut twins: HashMap<Uuid, usize> = HashMap::new();
    let mut outcomes = Vec::with_capacity(requests.len());
    for (index, Prepared { append, key, .. }) in requests.iter().enumerate() {
        let conflict = |append_id| Outcome::Answer(Err(AppendError::IdempotencyConflict { append_id }));
        let known = key.as_ref().and_then(|key| {
            if let Some(earlier) = earlier.get(&key.append_id) {
                let same = earlier.fingerprint == key.fingerprint;
                return Some(if same {
                    Outcome::Answer(Ok(earlier.appended.clone()))
                } else {
                    conflict(key.append_id)
                });
            }
            let twin = *twins.get(&key.append_id)?;
            let same = requests[twin].key.as_ref().is_some_and(|other| other.fingerprint == key.fingerprint);
            Some(if same { Outcome::As(twin) } else { conflict(key.append_id) })
        });
        let outcome = known.unwrap_or_else(|| {
            if let Err(error) = check(append, heads) {
                return Outcome::Answer(Err(error));
            }
            advance(append, heads);
            accepted.push(index);
            Outcome::Accepted
        });
        if let (Outcome::Accepted, Some(key)) = (&outcome, key) {
            twins.insert(key.append_id, index);
        }
        outcomes.push(outcome);
    }
    (outcomes, accepted)
}

fn check(append: &Append, heads: &Heads) -> Result<(), AppendError> {
    for part in &append.parts {
        let (stream, expected) = (&part.stream, part.expected);
        let actual = heads.get(stream).copied();
        if !expected.allows(actual) {
            return Err(AppendError::WrongVersion { stream: stream.clone(), expected, actual });
        }
    }
    Ok(())
}

fn advance(append: &Append, heads: &mut Heads) {
    for part in append.parts.iter().filter(|part| !part.events.is_empty()) {
        let head = heads.entry(part.stream.clone()).or_default();
        *head = head.plus(part.events.len() as u64);
    }
}

/// Gives the events their numbers. `heads` are where the streams will be in the end, so versions are counted
/// back from there.
fn record(
    store: &Inner,
    requests: &[Prepared],
    accepted: &[usize],
    heads: &Heads,
    before: Position,
    at: Timestamp,
) -> Vec<Accepted> {
    let mut counts: HashMap<&StreamId, u64> = HashMap::new();
    for part in accepted.iter().flat_map(|index| &requests[*index].append.parts) {
        *counts.entry(&part.stream).or_default() += part.events.len() as u64;
    }
    let mut next: HashMap<&StreamId, Version> = counts
        .into_iter()
        .map(|(stream, count)| {
            let end = heads.get(stream).copied().unwrap_or_default();
            (stream, Version::new(end.get() - count))
        })
        .collect();
    let mut position = before;
    let mut numbered = Vec::with_capacity(accepted.len());
    for &index in accepted {
        let Prepared { append, events: count, .. } = &requests[index];
        let (first, mut events) = (position.plus(1), Vec::with_capacity(*count));
        let mut versions = Vec::with_capacity(append.parts.len());
        for part in &append.parts {
            let Some(version) = next.get_mut(&part.stream) else { continue };
            for event in &part.events {
                *version = version.plus(1);
                position = position.plus(1);
                events.push(RecordedEvent {
                    position,
                    stream: part.stream.clone(),
                    version: *version,
                    id: random::uuid(&store.clock),
                    event_type: event.event_type.to_owned(),
                    schema_version: event.schema_version,
                    payload: event.payload.clone(),
                    meta: append.meta.clone(),
                    correlation_id: append.correlation_id,
                    causation_id: append.causation_id,
                    actor: append.actor.clone(),
                    recorded_at: at,
                });
            }
            if !part.events.is_empty() {
                versions.push((part.stream.clone(), *version));
            }
        }
        versions.sort_unstable();
        let appended = Appended { first, last: position, versions, repeated: false };
        numbered.push(Accepted { index, events, appended });
    }
    numbered
}

/// Applies the inline projections, append by append, so that each append finds in the read models what those
/// before it did.
async fn project(
    store: &Inner,
    connection: &mut Connection,
    accepted: &[Accepted],
) -> Result<(), StageError> {
    for Accepted { index, events, .. } in accepted {
        for projection in &store.projections {
            let applied = apply(&**projection, connection, events).await;
            applied.map_err(|source| match source {
                // Nobody's fault: the same append may do well the next time.
                ProjectionError::Database(error) if error.is_transient() => StageError::Database(error),
                source => {
                    let error = AppendError::Projection { name: projection.name(), source };
                    StageError::Blamed { index: *index, error }
                }
            })?;
        }
    }
    Ok(())
}

/// A panic is the projection's own: it must not end the task that appends for everybody.
async fn apply(
    projection: &dyn InlineProjection,
    connection: &mut Connection,
    events: &[RecordedEvent],
) -> Result<(), ProjectionError> {
    let applied = AssertUnwindSafe(async { projection.apply(connection, events).await });
    applied.catch_unwind().await.unwrap_or_else(|panic| Err(ProjectionError::panicked(&*panic)))
}

/// All are decided on by now.
fn answers(outcomes: Vec<Outcome>) -> Vec<Result<Appended, AppendError>> {
    let mut answers: Vec<Result<Appended, AppendError>> = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let answer = match outcome {
            Outcome::Answer(answer) => answer,
            Outcome::As(twin) => match answers.get(twin) {
                Some(Ok(appended)) => Ok(Appended { repeated: true, ..appended.clone() }),
                _ => Err(AppendError::Unanswered),
            },
            Outcome::Accepted => Err(AppendError::Unanswered),
        };
        answers.push(answer);
    }
    answers
}
