//! The statements that write the log.

use std::collections::BTreeSet;

use mainstay_db::{ByDialect, Connection, DbError, Dialect, Value, insert_into, query};
use uuid::Uuid;

use super::heads::Heads;
use super::stage::Tail;
use crate::{Position, RecordedEvent, StreamId};

/// Whose turn it is to append: the end of the log, which nobody else moves until the transaction ends.
pub(super) struct Turn {
    pub(super) position: Position,
    /// The newest event. Also `None` when somebody else had the turn until now: the statement has waited, and does
    /// not see yet what was appended meanwhile.
    pub(super) newest: Option<Uuid>,
}

/// Waits until whoever appended before has ended, one way or the other.
///
/// On PostgreSQL several instances append. The counter is held from here to the end of the transaction: what is read of
/// it, of events and of earlier appends is the last word, also about those that are not there yet. Each instance has one
/// appender, so few wait here, and none of them for a client. SQLite has one writer anyway.
pub(super) async fn take_turn(connection: &mut Connection) -> Result<Turn, DbError> {
    let row = query(ByDialect {
        sqlite: "select position, (select event_id from es_event where es_event.position = es_seq.position)
                 from es_seq where id = 1",
        postgres: "select position, (select event_id from es_event where es_event.position = es_seq.position)
                   from es_seq where id = 1 for update of es_seq",
    })
    .fetch_one(connection)
    .await?;
    Ok(Turn { position: row.get(0)?, newest: row.get(1)? })
}

/// Where the streams are.
///
/// What this reads is the last word while the turn is ours. There is no table of heads: the events tell, by the index over
/// streams and versions, and a row written twice for each event costs more than the look at those that are not
/// [known](super::heads).
pub(super) async fn heads(
    connection: &mut Connection,
    streams: BTreeSet<&StreamId>,
) -> Result<Heads, DbError> {
    if streams.is_empty() {
        return Ok(Heads::new());
    }
    let names: Vec<&str> = streams.into_iter().map(StreamId::as_str).collect();
    // One statement for any number of streams.
    let list = serde_json::Value::from(names).to_string();
    let rows = query(ByDialect {
        sqlite: "select stream_id, version from (
                     select value as stream_id,
                            (select max(version) from es_event where es_event.stream_id = value) as version
                     from json_each($1)
                 ) where version is not null",
        postgres: "select stream_id, version from (
                       select value as stream_id,
                              (select max(version) from es_event where es_event.stream_id = value) as version
                       from json_array_elements_text($1::json) as wanted (value)
                   ) as found where version is not null",
    })
    .bind(list)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Whether the transaction of these events was committed, in a transaction that may write.
///
/// Its turn comes first: whoever had it before has ended by then, one way or the other.
pub(super) async fn was_committed(connection: &mut Connection, tail: Tail) -> Result<bool, DbError> {
    take_turn(connection).await?;
    let found = query("select 1 from es_event where position = $1 and event_id = $2")
        .bind(tail.position)
        .bind(tail.event_id)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Writes the events, and the new end of the log.
pub(super) async fn write(
    connection: &mut Connection,
    events: impl Iterator<Item = &RecordedEvent>,
    end: Position,
) -> Result<(), DbError> {
    let rows = events.map(row);
    match connection.dialect() {
        Dialect::Sqlite => {
            query("update es_seq set position = $1 where id = 1").bind(end).execute(connection).await?;
            insert_into("es_event", COLUMNS).rows(rows).execute(connection).await.map(drop)
        }
        // Both in one, and one for any number of events: the others wait for their turn meanwhile.
        Dialect::Postgres => {
            let columns = transposed(rows).map(Value::List);
            query(WRITE_ON_POSTGRES).bind(end).bind_all(columns).execute(connection).await.map(drop)
        }
    }
}

const COLUMNS: [&str; 12] = [
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

const WRITE_ON_POSTGRES: &str = "with counted as (update es_seq set position = $1 where id = 1)
    insert into es_event (position, stream_id, version, event_id, type, schema_version, payload, meta,
                          correlation_id, causation_id, actor, recorded_at)
    select * from unnest($2::bigint[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::int[],
                         $8::text[], $9::text[], $10::uuid[], $11::uuid[], $12::text[], $13::bigint[])";

/// An event as [`COLUMNS`] name it.
fn row(event: &RecordedEvent) -> [Value; COLUMNS.len()] {
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
}

/// Rows as columns.
fn transposed<const COLUMNS: usize>(rows: impl Iterator<Item = [Value; COLUMNS]>) -> [Vec<Value>; COLUMNS] {
    let mut columns = [const { Vec::new() }; COLUMNS];
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}
