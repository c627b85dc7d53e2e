//! Appends that come twice.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_db::{ByDialect, Connection, DbError, insert_into, query};
use uuid::Uuid;

use super::EventStore;
use crate::{AppendError, Appended, Position};

/// How long an id is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many ids beyond their time each append with an id clears away: more than it adds, so the table stays
/// within what a week brings, and no sweep is needed.
const CLEARED: usize = 4;

/// An id and what it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) append_id: Uuid,
    pub(super) fingerprint: [u8; 32],
}

/// What an id stood for, and what came of it.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) fingerprint: [u8; 32],
    pub(super) appended: Appended,
}

impl EventStore {
    /// The result of an earlier append of this [id](crate::Append::idempotent_as), if there was one within the
    /// last week: for those whose decisions would come out differently after it.
    ///
    /// # Errors
    ///
    /// [`AppendError::IdempotencyConflict`] when it was made for something else; or the database failed.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn recall(
        &self,
        append_id: Uuid,
        fingerprint: [u8; 32],
    ) -> Result<Option<Appended>, AppendError> {
        let mut read = self.inner.database.read_snapshot().await?;
        let mut found = recall(&mut read, [&Key { append_id, fingerprint }].into_iter()).await?;
        match found.remove(&append_id) {
            None => Ok(None),
            Some(earlier) if earlier.fingerprint == fingerprint => Ok(Some(earlier.appended)),
            Some(_) => Err(AppendError::IdempotencyConflict { append_id }),
        }
    }
}

/// The results of earlier appends of these ids.
pub(super) async fn recall(
    connection: &mut Connection,
    keys: impl Iterator<Item = &Key>,
) -> Result<HashMap<Uuid, Earlier>, DbError> {
    let ids: Vec<String> = keys.map(|key| key.append_id.simple().to_string()).collect();
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let rows = query(ByDialect {
        sqlite: "select append_id, fingerprint, first_position, last_position from es_append
                 where append_id in (select unhex(value) from json_each($1))",
        postgres: "select append_id, fingerprint, first_position, last_position from es_append
                   where append_id in (select value::uuid from json_array_elements_text($1::json) as list (value))",
    })
    .bind(serde_json::Value::from(ids).to_string())
    .fetch_all(connection)
    .await?;
    for row in rows {
        let (first, last): (Position, Position) = (row.get(2)?, row.get(3)?);
        let versions = versions(connection, first, last).await?;
        let appended = Appended { first, last, versions, repeated: true };
        found.insert(row.get(0)?, Earlier { fingerprint: row.get(1)?, appended });
    }
    Ok(found)
}

async fn versions(
    connection: &mut Connection,
    first: Position,
    last: Position,
) -> Result<Vec<(crate::StreamId, crate::Version)>, DbError> {
    let rows = query(
        "select stream_id, max(version) from es_event where position between $1 and $2
         group by stream_id",
    )
    .bind(first)
    .bind(last)
    .fetch_all(connection)
    .await?;
    let mut versions =
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<Vec<_>, DbError>>()?;
    versions.sort_unstable();
    Ok(versions)
}

/// Keeps results for later repetitions, and clears away what is beyond its time.
pub(super) async fn remember(
    connection: &mut Connection,
    results: impl Iterator<Item = (&Key, &Appended)>,
    at: Timestamp,
) -> Result<(), DbError> {
    let rows: Vec<_> = results
        .map(|(key, appended)| {
            [
                key.append_id.into(),
                key.fingerprint.into(),
                appended.first.into(),
                appended.last.into(),
                at.into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    query(
        "delete from es_append where append_id in
         (select append_id from es_append where at < $1 order by at limit $2)",
    )
    .bind(at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN))
    .bind(i64::try_from(CLEARED * rows.len()).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    insert_into("es_append", ["append_id", "fingerprint", "first_position", "last_position", "at"])
        .rows(rows)
        .execute(connection)
        .await
        .map(drop)
}
