//! One append: one transaction.

use std::collections::HashMap;

use jiff::Timestamp;
use mainstay_core::random;
use mainstay_db::{Connection, DbError, DbErrorKind, insert_into, query};
use tokio::sync::watch;

use super::{EventStore, repeat};
use crate::append::Part;
use crate::{Append, AppendError, Appended, Position, RecordedEvent, StreamId, Version};

/// The versions of streams before an append; those that are not there are not in it.
type Heads = HashMap<StreamId, Version>;

impl EventStore {
    /// Appends events, and applies the inline projections, in one transaction.
    ///
    /// When this returns, the events survive a crash of the process and a power cut.
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
        append.validate(&self.inner.limits)?;
        // Before the lock: hashing is work.
        let key = append.key.map(|key| repeat::Key {
            append_id: key.append_id,
            fingerprint: key.fingerprint.unwrap_or_else(|| append.fingerprint()),
        });

        let mut transaction = self.inner.database.write().await?;
        if let Some(key) = &key
            && let Some(earlier) = repeat::recall(&mut transaction, key).await?
        {
            return Ok(earlier);
        }
        let heads = heads(&mut transaction, &append.parts).await?;
        check(&append.parts, &heads)?;
        let before = reserve(&mut transaction, append.event_count()).await?;
        let at = self.inner.clock.timestamp();
        let (events, versions) = self.record(append, &heads, before, at);
        let last = before.plus(events.len() as u64);
        insert_events(&mut transaction, &events).await?;
        set_heads(&mut transaction, &versions).await?;
        for projection in &self.inner.projections {
            let applied = projection.apply(&mut transaction, &events).await;
            applied.map_err(|source| AppendError::Projection { name: projection.name(), source })?;
        }
        let appended = Appended { first: before.plus(1), last, versions, repeated: false };
        if let Some(key) = &key {
            repeat::remember(&mut transaction, key, &appended, at).await?;
        }

        let mut announcement = Announcement { head: &self.inner.head, position: Some(last) };
        let committed = transaction.commit().await;
        if let Err(error) = &committed
            && error.kind() != DbErrorKind::TimedOut
        {
            announcement.position = None;
        }
        committed?;
        metrics::counter!("events_appended_total").increment(events.len() as u64);
        metrics::histogram!("append_seconds").record(self.inner.clock.now() - began);
        Ok(appended)
    }

    /// Gives the events their numbers. Also returns the new heads, sorted by stream.
    fn record(
        &self,
        append: Append,
        heads: &Heads,
        before: Position,
        at: Timestamp,
    ) -> (Vec<RecordedEvent>, Vec<(StreamId, Version)>) {
        let mut events = Vec::with_capacity(append.event_count());
        let mut versions = Vec::with_capacity(append.parts.len());
        let mut position = before;
        for part in append.parts {
            let mut version = heads.get(&part.stream).copied().unwrap_or_default();
            for event in part.events {
                version = version.plus(1);
                position = position.plus(1);
                events.push(RecordedEvent {
                    position,
                    stream: part.stream.clone(),
                    version,
                    id: random::uuid(&self.inner.clock),
                    event_type: event.event_type.to_owned(),
                    schema_version: event.schema_version,
                    payload: event.payload,
                    meta: append.meta.clone(),
                    correlation_id: append.correlation_id,
                    causation_id: append.causation_id,
                    actor: append.actor.clone(),
                    recorded_at: at,
                });
            }
            if events.last().is_some_and(|event| event.stream == part.stream) {
                versions.push((part.stream, version));
            }
        }
        versions.sort_unstable();
        (events, versions)
    }
}

/// Wakes the followers when it goes, also when the append is dropped in the middle of its commit: the events
/// may be there, and nobody else would tell.
struct Announcement<'a> {
    head: &'a watch::Sender<Position>,
    position: Option<Position>,
}

impl Drop for Announcement<'_> {
    fn drop(&mut self) {
        if let Some(position) = self.position {
            // Wakes also when the number is not new: after a commit that was announced and failed, the next
            // append takes the same positions.
            self.head.send_modify(|head| *head = position.max(*head));
        }
    }
}

async fn heads(connection: &mut Connection, parts: &[Part]) -> Result<Heads, DbError> {
    let mut streams: Vec<&str> = parts.iter().map(|part| part.stream.as_str()).collect();
    streams.sort_unstable();
    // One statement for any number of streams.
    let list = serde_json::Value::from(streams).to_string();
    let rows = query(
        "select stream_id, version from es_stream where stream_id in (select value from json_each($1))",
    )
    .bind(list)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn check(parts: &[Part], heads: &Heads) -> Result<(), AppendError> {
    for Part { stream, expected, .. } in parts {
        let actual = heads.get(stream).copied();
        if !expected.allows(actual) {
            return Err(AppendError::WrongVersion { stream: stream.clone(), expected: *expected, actual });
        }
    }
    Ok(())
}

/// Takes `count` positions off the counter, and returns the one before them.
///
/// Last of the locks, and in the transaction of the events: this is what makes positions gapless and ordered
/// as the commits are.
async fn reserve(connection: &mut Connection, count: usize) -> Result<Position, DbError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = query("update es_seq set position = position + $1 where id = 1 returning position - $1")
        .bind(count)
        .fetch_one(connection)
        .await?;
    row.get(0)
}

async fn insert_events(connection: &mut Connection, events: &[RecordedEvent]) -> Result<(), DbError> {
    let columns = [
        "position",
        "stream_id",
        "version",
        "event_id",
        "type",
        "schema_version",
        "payload",
        "meta",
        "correlation_id",
        "causation_id",
        "actor",
        "recorded_at",
    ];
    let rows = events.iter().map(|event| {
        [
            event.position.into(),
            (&event.stream).into(),
            event.version.into(),
            event.id.into(),
            event.event_type.as_str().into(),
            event.schema_version.into(),
            event.payload.as_str().into(),
            event.meta.as_deref().into(),
            event.correlation_id.into(),
            event.causation_id.into(),
            event.actor.as_deref().into(),
            event.recorded_at.into(),
        ]
    });
    insert_into("es_event", columns).rows(rows).execute(connection).await.map(drop)
}

async fn set_heads(connection: &mut Connection, versions: &[(StreamId, Version)]) -> Result<(), DbError> {
    let rows =
        versions.iter().map(|(stream, version)| [stream.into(), stream.category().into(), (*version).into()]);
    insert_into("es_stream", ["stream_id", "category", "version"])
        .suffix("on conflict (stream_id) do update set version = excluded.version")
        .rows(rows)
        .execute(connection)
        .await
        .map(drop)
}
