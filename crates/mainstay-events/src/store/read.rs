//! Reading: one stream, or the whole log in its order.

use mainstay_db::{Connection, DbError, Row, Value, query};

use super::EventStore;
use crate::{Position, ReadError, RecordedEvent, StreamId, Version};

/// Events of one page of [`EventStore::load`].
const PAGE: u32 = 1_000;

impl EventStore {
    /// All events of a stream, oldest first; none when there is no such stream.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn load(&self, stream: &StreamId) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut snapshot = self.inner.database.read_snapshot().await?;
        let mut events = Vec::new();
        loop {
            let after = events.last().map_or(Version::new(0), |event: &RecordedEvent| event.version);
            let page = stream_page(&mut snapshot, stream, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            events.extend(page);
            if is_last {
                return Ok(events);
            }
        }
    }

    /// Up to `limit` events of a stream that come after a version, oldest first.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn load_after(
        &self,
        stream: &StreamId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut read = self.inner.database.read().await?;
        stream_page(&mut read, stream, after, limit).await
    }

    /// Where a stream is; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn version(&self, stream: &StreamId) -> Result<Option<Version>, DbError> {
        let mut read = self.inner.database.read().await?;
        let found = query("select max(version) from es_event where stream_id = $1").bind(stream);
        found.fetch_one(&mut read).await?.get(0)
    }

    /// Up to `limit` events of the whole log that come after a position, in its order. An empty page means
    /// that there are no more yet.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn read_from(&self, after: Position, limit: u32) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut read = self.inner.database.read().await?;
        self.read_in(&mut read, after, limit).await
    }

    /// As [`EventStore::read_from`], in a transaction.
    pub(crate) async fn read_in(
        &self,
        connection: &mut Connection,
        after: Position,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let rows = query(
            "select position, stream_id, version, event_id, type, schema_version, payload, meta,
                    correlation_id, causation_id, actor, recorded_at
             from es_event where position > $1 order by position limit $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
        collect(rows, after.get(), |event| event.position.get())
    }
}

async fn stream_page(
    connection: &mut Connection,
    stream: &StreamId,
    after: Version,
    limit: u32,
) -> Result<Vec<RecordedEvent>, ReadError> {
    let rows = query(
        "select position, stream_id, version, event_id, type, schema_version, payload, meta,
                correlation_id, causation_id, actor, recorded_at
         from es_event where stream_id = $1 and version > $2 order by version limit $3",
    )
    .bind(stream)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    collect(rows, after.get(), |event| event.version.get())
}

/// Makes events of rows whose numbers must follow `after` one by one.
///
/// The check costs nothing and catches a log that was damaged or restored in part, before anybody acts on
/// half of it.
fn collect(
    rows: Vec<Row>,
    mut after: u64,
    number: impl Fn(&RecordedEvent) -> u64,
) -> Result<Vec<RecordedEvent>, ReadError> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let event = event(row)?;
        let found = number(&event);
        if found != after + 1 {
            return Err(ReadError::Damaged { after, found });
        }
        after = found;
        events.push(event);
    }
    Ok(events)
}

fn event(row: Row) -> Result<RecordedEvent, DbError> {
    let mut event = RecordedEvent {
        position: row.get(0)?,
        stream: row.get(1)?,
        version: row.get(2)?,
        id: row.get(3)?,
        event_type: row.get(4)?,
        schema_version: row.get(5)?,
        payload: String::new(),
        meta: row.get(7)?,
        correlation_id: row.get(8)?,
        causation_id: row.get(9)?,
        actor: row.get(10)?,
        recorded_at: row.get(11)?,
    };
    // Moved, not copied: it is the bulk of the row.
    row.get::<&str>(6)?;
    if let Some(Value::Text(payload)) = row.into_values().into_iter().nth(6) {
        event.payload = payload;
    }
    Ok(event)
}
