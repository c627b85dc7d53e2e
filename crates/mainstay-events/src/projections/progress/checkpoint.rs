//! The rows of `es_projection`: who holds a lane, and how far it is.
//!
//! Leases are counted by the database's clock. Whoever takes a lane over raises its fence; every later write of
//! the one before it finds another fence and changes nothing.

use std::time::Duration;

use mainstay_db::{ByDialect, Connection, DbError, Row, insert_into, query};
use uuid::Uuid;

use crate::Position;
use crate::projections::failures::Failure;
use crate::projections::place::Place;

/// What a generation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It catches up, and will serve.
    Building,
    /// Readers see its tables.
    Serving,
    /// It was replaced, and is kept until the next rebuild.
    Retired,
}

/// Whether a lane goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Running,
    /// It stands at an event that it cannot apply, or at a log that is not its own.
    Halted,
    /// So many events cannot be applied that the code must be wrong.
    Faulted,
}

/// A lane as the database has it.
#[derive(Clone, Debug)]
pub(in crate::projections) struct LaneRow {
    pub(in crate::projections) generation: u32,
    pub(in crate::projections) lane: u16,
    pub(in crate::projections) version: u32,
    pub(in crate::projections) role: Role,
    pub(in crate::projections) status: Status,
    pub(in crate::projections) position: Position,
    pub(in crate::projections) wish: Option<String>,
}

/// A lane that was taken.
#[derive(Clone, Debug)]
pub(in crate::projections) struct Claimed {
    pub(in crate::projections) fence: i64,
    pub(in crate::projections) position: Position,
    pub(in crate::projections) status: Status,
    pub(in crate::projections) failure: Option<Failure>,
    /// Whether the position is one of this log.
    pub(in crate::projections) same_log: bool,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ }) => {
        impl $type {
            /// As a word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(Role { Building = "building", Serving = "serving", Retired = "retired" });
words!(Status { Running = "running", Halted = "halted", Faulted = "faulted" });

/// All lanes of a projection.
pub(in crate::projections) async fn lanes(
    connection: &mut Connection,
    name: &str,
) -> Result<Vec<LaneRow>, DbError> {
    let rows = query(
        "select generation, lane, version, role, status, position, wish from es_projection
         where name = $1 order by generation, lane",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(lane_row).collect()
}

fn lane_row(row: &Row) -> Result<LaneRow, DbError> {
    Ok(LaneRow {
        generation: row.get(0)?,
        lane: row.get::<u32>(1)?.try_into().unwrap_or(u16::MAX),
        version: row.get(2)?,
        // Words of a later build: not ours to touch.
        role: Role::of(row.get(3)?).unwrap_or(Role::Retired),
        status: Status::of(row.get(4)?).unwrap_or(Status::Halted),
        position: row.get(5)?,
        wish: row.get(6)?,
    })
}

/// Adds the lanes of a generation, at the beginning of the log.
pub(in crate::projections) async fn create(
    connection: &mut Connection,
    name: &str,
    generation: u32,
    lanes: u16,
    version: u32,
    role: Role,
) -> Result<(), DbError> {
    let row = query("select incarnation from es_log where id = 1").fetch_one(connection).await?;
    let incarnation: Vec<u8> = row.get(0)?;
    let rows = (0..lanes.max(1)).map(|lane| {
        [
            name.into(),
            generation.into(),
            u32::from(lane).into(),
            u32::from(lanes.max(1)).into(),
            version.into(),
            role.as_str().into(),
            Status::Running.as_str().into(),
            Position::START.into(),
            incarnation.as_slice().into(),
            0_i64.into(),
            0_i64.into(),
        ]
    });
    let columns = [
        "name",
        "generation",
        "lane",
        "lanes",
        "version",
        "role",
        "status",
        "position",
        "incarnation",
        "fence",
        "lease_until",
    ];
    insert_into("es_projection", columns).rows(rows).execute(connection).await.map(drop)
}

/// Takes a lane whose holder is gone, or whose lease has ended; `None` while somebody else has it.
pub(in crate::projections) async fn claim(
    connection: &mut Connection,
    place: Place,
    holder: Uuid,
    lease: Duration,
) -> Result<Option<Claimed>, DbError> {
    let taken = query(ByDialect {
            sqlite: "update es_projection set holder = $4, fence = fence + 1,
             lease_until = cast(unixepoch('subsec') * 1000000 as integer) + $5
         where name = $1 and generation = $2 and lane = $3 and role <> 'retired'
             and (holder is null or holder = $4 or lease_until < cast(unixepoch('subsec') * 1000000 as integer))
         returning fence, position, status, failure,
             incarnation = (select incarnation from es_log where id = 1)",
            postgres: "update es_projection set holder = $4, fence = fence + 1,
             lease_until = cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) + $5
         where name = $1 and generation = $2 and lane = $3 and role <> 'retired'
             and (holder is null or holder = $4 or lease_until < cast(extract(epoch from clock_timestamp()) * 1000000 as bigint))
         returning fence, position, status, failure,
             incarnation = (select incarnation from es_log where id = 1)",
        })
    .bind_all(place.values())
    .bind(holder)
    .bind(micros(lease))
    .fetch_optional(connection)
    .await?;
    let Some(row) = taken else { return Ok(None) };
    Ok(Some(Claimed {
        fence: row.get(0)?,
        position: row.get(1)?,
        status: Status::of(row.get(2)?).unwrap_or(Status::Halted),
        failure: row.get::<Option<&str>>(3)?.and_then(Failure::from_json),
        same_log: row.get(4)?,
    }))
}

/// Moves the position and renews the lease, in the transaction of the read model and as its first statement;
/// `false` when somebody else has the lane, or it was stopped.
pub(in crate::projections) async fn advance(
    connection: &mut Connection,
    place: Place,
    fence: i64,
    (from, to): (Position, Position),
    lease: Duration,
) -> Result<bool, DbError> {
    let moved = query(ByDialect {
        sqlite: "update es_projection set position = $6,
             lease_until = cast(unixepoch('subsec') * 1000000 as integer) + $7
         where name = $1 and generation = $2 and lane = $3 and fence = $4 and position = $5
             and incarnation = (select incarnation from es_log where id = 1)",
        postgres: "update es_projection set position = $6,
             lease_until = cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) + $7
         where name = $1 and generation = $2 and lane = $3 and fence = $4 and position = $5
             and incarnation = (select incarnation from es_log where id = 1)",
    })
    .bind_all(place.values())
    .bind(fence)
    .bind(from)
    .bind(to)
    .bind(micros(lease))
    .execute(connection)
    .await?;
    Ok(moved == 1)
}

/// Renews the lease of a lane that stands still.
pub(in crate::projections) async fn renew(
    connection: &mut Connection,
    place: Place,
    fence: i64,
    lease: Duration,
) -> Result<bool, DbError> {
    let renewed = query(ByDialect {
            sqlite: "update es_projection set lease_until = cast(unixepoch('subsec') * 1000000 as integer) + $5
         where name = $1 and generation = $2 and lane = $3 and fence = $4",
            postgres: "update es_projection set lease_until = cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) + $5
         where name = $1 and generation = $2 and lane = $3 and fence = $4",
        })
    .bind_all(place.values())
    .bind(fence)
    .bind(micros(lease))
    .execute(connection)
    .await?;
    Ok(renewed == 1)
}

/// Stops the lane, or lets it go on. Only its holder may.
pub(in crate::projections) async fn set_status(
    connection: &mut Connection,
    place: Place,
    fence: i64,
    status: Status,
    failure: Option<&Failure>,
) -> Result<bool, DbError> {
    let changed = query(
        "update es_projection set status = $5, failure = $6, wish = null
         where name = $1 and generation = $2 and lane = $3 and fence = $4",
    )
    .bind_all(place.values())
    .bind(fence)
    .bind(status.as_str())
    .bind(failure.map(Failure::to_json))
    .execute(connection)
    .await?;
    Ok(changed == 1)
}

/// Gives the lane back, so that the next one need not wait for the end of the lease.
pub(in crate::projections) async fn release(
    connection: &mut Connection,
    place: Place,
    fence: i64,
) -> Result<(), DbError> {
    query(
        "update es_projection set holder = null, lease_until = 0
         where name = $1 and generation = $2 and lane = $3 and fence = $4",
    )
    .bind_all(place.values())
    .bind(fence)
    .execute(connection)
    .await
    .map(drop)
}

/// The wish of an operator, the newest position of the log, and whether the log is the same; `None` when
/// somebody else has the lane.
pub(in crate::projections) async fn look(
    connection: &mut Connection,
    place: Place,
    fence: i64,
) -> Result<Option<(Option<String>, Position, bool)>, DbError> {
    let row = query(
        "select wish, (select position from es_seq where id = 1),
             incarnation = (select incarnation from es_log where id = 1)
         from es_projection where name = $1 and generation = $2 and lane = $3 and fence = $4",
    )
    .bind_all(place.values())
    .bind(fence)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).transpose()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
