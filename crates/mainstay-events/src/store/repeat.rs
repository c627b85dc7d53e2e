//! Appends that come twice.

use jiff::{SignedDuration, Timestamp};
use mainstay_db::{Connection, DbError, query};
use uuid::Uuid;

use super::EventStore;
use crate::{AppendError, Appended, Position};

/// How long an id is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many ids beyond their time each append with an id clears away: more than it adds, so the table stays
/// within what a week brings, and no sweep is needed.
const CLEARED: i64 = 4;

/// An id and what it stands for.
pub(super) struct Key {
    pub(super) append_id: Uuid,
    pub(super) fingerprint: [u8; 32],
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
        recall(&mut read, &Key { append_id, fingerprint }).await
    }
}

/// The result of an earlier append of this id.
pub(super) async fn recall(connection: &mut Connection, key: &Key) -> Result<Option<Appended>, AppendError> {
    let found =
        query("select fingerprint, first_position, last_position from es_append where append_id = $1")
            .bind(key.append_id)
            .fetch_optional(connection)
            .await?;
    let Some(row) = found else { return Ok(None) };
    if row.get::<[u8; 32]>(0)? != key.fingerprint {
        return Err(AppendError::IdempotencyConflict { append_id: key.append_id });
    }
    let (first, last): (Position, Position) = (row.get(1)?, row.get(2)?);
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
    Ok(Some(Appended { first, last, versions, repeated: true }))
}

/// Keeps the result for later repetitions, and clears away what is beyond its time.
pub(super) async fn remember(
    connection: &mut Connection,
    key: &Key,
    appended: &Appended,
    at: Timestamp,
) -> Result<(), DbError> {
    query(
        "delete from es_append where append_id in
         (select append_id from es_append where at < $1 order by at limit $2)",
    )
    .bind(at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN))
    .bind(CLEARED)
    .execute(connection)
    .await?;
    query(
        "insert into es_append (append_id, fingerprint, first_position, last_position, at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(key.append_id)
    .bind(key.fingerprint)
    .bind(appended.first)
    .bind(appended.last)
    .bind(at)
    .execute(connection)
    .await
    .map(drop)
}
