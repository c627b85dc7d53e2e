//! The statements that write the log.

use std::collections::BTreeSet;

use mainstay_db::{ByDialect, Connection, DbError, Dialect, insert_into, query};

use super::stage::{Heads, Tail};
use crate::{Position, RecordedEvent, StreamId, Version};

/// Waits until whoever appended before has ended, one way or the other.
///
/// On PostgreSQL several instances append. The counter is held from here to the end of the transaction: what is read of
/// heads and of earlier appends is the last word, also about those that are not there yet. Each instance has one
/// appender, so few wait here, and none of them for a client. SQLite has one writer anyway.
pub(super) async fn take_turn(connection: &mut Connection) -> Result<(), DbError> {
    if connection.dialect() == Dialect::Postgres {
        query("select position from es_seq where id = 1 for update").fetch_one(connection).await?;
    }
    Ok(())
}

/// Where the streams are, and the lock on those that are there, in the order of their names.
pub(super) async fn lock_heads(
    connection: &mut Connection,
    streams: BTreeSet<&StreamId>,
) -> Result<Heads, DbError> {
    let names: Vec<&str> = streams.into_iter().map(StreamId::as_str).collect();
    // One statement for any number of streams.
    let list = serde_json::Value::from(names).to_string();
    let rows = query(ByDialect {
        sqlite: "select stream_id, version from es_stream where stream_id in (select value from json_each($1))",
        postgres: "select stream_id, version from es_stream
                   where stream_id in (select json_array_elements_text($1::json))",
    })
    .bind(list)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Takes `count` positions off the counter, and returns the one before them.
///
/// Last of the locks, and in the transaction of the events: this is what makes positions gapless and ordered
/// as the commits are.
pub(super) async fn reserve(connection: &mut Connection, count: usize) -> Result<Position, DbError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = query("update es_seq set position = position + $1 where id = 1 returning position - $1")
        .bind(count)
        .fetch_one(connection)
        .await?;
    row.get(0)
}

/// Whether the transaction of these events was committed, in a transaction that may write.
///
/// Its first statement takes the counter: whoever had it before has ended by then, one way or the other.
pub(super) async fn was_committed(connection: &mut Connection, tail: Tail) -> Result<bool, DbError> {
    reserve(connection, 0).await?;
    let found = query("select 1 from es_event where position = $1 and event_id = $2")
        .bind(tail.position)
        .bind(tail.event_id)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

pub(super) async fn insert_events(
    connection: &mut Connection,
    events: impl Iterator<Item = &RecordedEvent>,
) -> Result<(), DbError> {
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
    let rows = events.map(|event| {
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

pub(super) async fn set_heads(
    connection: &mut Connection,
    heads: impl Iterator<Item = (&StreamId, Version)>,
) -> Result<(), DbError> {
    let rows = heads.map(|(stream, version)| [stream.into(), stream.category().into(), version.into()]);
    insert_into("es_stream", ["stream_id", "category", "version"])
        .suffix("on conflict (stream_id) do update set version = excluded.version")
        .rows(rows)
        .execute(connection)
        .await
        .map(drop)
}
