//! Keys that were put aside, and the positions that wait behind them.

use jiff::Timestamp;
use mainstay_db::{Connection, DbError, insert_into, query};

use crate::projections::failures::Failure;
use crate::projections::place::Place;
use crate::{Position, RecordedEvent};

/// A key that was put aside.
#[derive(Clone, Debug)]
pub(in crate::projections) struct Kept {
    pub(in crate::projections) key: String,
    pub(in crate::projections) attempts: u32,
    pub(in crate::projections) build: String,
    pub(in crate::projections) wish: Option<String>,
    pub(in crate::projections) failure: Option<Failure>,
}

/// All keys that a lane has put aside.
pub(in crate::projections) async fn kept(
    connection: &mut Connection,
    place: Place,
) -> Result<Vec<Kept>, DbError> {
    let rows = query(
        "select key, attempts, build, wish, failure from es_quarantine
         where name = $1 and generation = $2 and lane = $3 order by key",
    )
    .bind_all(place.values())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                key: row.get(0)?,
                attempts: row.get(1)?,
                build: row.get(2)?,
                wish: row.get(3)?,
                failure: Failure::from_json(row.get(4)?),
            })
        })
        .collect()
}

/// Puts a key aside.
pub(in crate::projections) async fn open(
    connection: &mut Connection,
    place: Place,
    key: &str,
    failure: &Failure,
    at: Timestamp,
) -> Result<(), DbError> {
    let [name, generation, lane] = place.values();
    let columns = ["name", "generation", "lane", "key", "attempts", "build", "failure", "at"];
    let row = [
        name,
        generation,
        lane,
        key.into(),
        failure.attempts.into(),
        failure.build.as_str().into(),
        failure.to_json().into(),
        at.into(),
    ];
    insert_into("es_quarantine", columns).row(row).execute(connection).await.map(drop)
}

/// Lets events wait behind their keys.
pub(in crate::projections) async fn park<'e>(
    connection: &mut Connection,
    place: Place,
    events: impl Iterator<Item = (String, &'e RecordedEvent)>,
) -> Result<(), DbError> {
    let rows = events.map(|(key, event)| {
        let [name, generation, lane] = place.values();
        [name, generation, lane, key.into(), event.position.into()]
    });
    let columns = ["name", "generation", "lane", "key", "position"];
    insert_into("es_quarantine_item", columns).rows(rows).execute(connection).await.map(drop)
}

/// The first positions that wait behind a key.
pub(in crate::projections) async fn waiting(
    connection: &mut Connection,
    place: Place,
    key: &str,
    limit: u32,
) -> Result<Vec<Position>, DbError> {
    let rows = query(
        "select position from es_quarantine_item
         where name = $1 and generation = $2 and lane = $3 and key = $4 order by position limit $5",
    )
    .bind_all(place.values())
    .bind(key)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// What waited up to a position waits no longer. Returns how many.
pub(in crate::projections) async fn settle(
    connection: &mut Connection,
    place: Place,
    key: &str,
    up_to: Position,
) -> Result<u64, DbError> {
    query(
        "delete from es_quarantine_item
         where name = $1 and generation = $2 and lane = $3 and key = $4 and position <= $5",
    )
    .bind_all(place.values())
    .bind(key)
    .bind(up_to)
    .execute(connection)
    .await
}

/// Takes a key back.
pub(in crate::projections) async fn close(
    connection: &mut Connection,
    place: Place,
    key: &str,
) -> Result<(), DbError> {
    query("delete from es_quarantine where name = $1 and generation = $2 and lane = $3 and key = $4")
        .bind_all(place.values())
        .bind(key)
        .execute(connection)
        .await
        .map(drop)
}

/// Notes that a key was tried again, in vain.
pub(in crate::projections) async fn keep(
    connection: &mut Connection,
    place: Place,
    key: &str,
    failure: &Failure,
    at: Timestamp,
) -> Result<(), DbError> {
    query(
        "update es_quarantine set attempts = $5, build = $6, failure = $7, at = $8, wish = null
         where name = $1 and generation = $2 and lane = $3 and key = $4",
    )
    .bind_all(place.values())
    .bind(key)
    .bind(failure.attempts)
    .bind(failure.build.as_str())
    .bind(failure.to_json())
    .bind(at)
    .execute(connection)
    .await
    .map(drop)
}
