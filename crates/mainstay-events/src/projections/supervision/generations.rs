//! Generations of a read model: made, and swapped while it serves.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_db::{Connection, DbError, query};

use crate::Position;
use crate::projections::definition::{Projection, Tables};
use crate::projections::lane::{Lane, Refused, Stop};
use crate::projections::place::Place;
use crate::projections::progress::checkpoint::{self, LaneRow, Role, Status};
use crate::projections::progress::quarantine;
use crate::projections::runner::Runner;

/// Most events that are left to apply in the transaction of a swap: what readers of the same rows wait for.
const SWAP_DISTANCE: u64 = 200;

/// Makes the generation that this build needs, if it is not there. Returns all lanes of the projection.
pub(super) async fn prepare(runner: &Runner, projection: &dyn Projection) -> Result<Vec<LaneRow>, DbError> {
    let name = projection.name();
    let mut read = runner.database().read().await?;
    let mut rows = checkpoint::lanes(&mut read, name).await?;
    drop(read);
    if is_wanted(projection, &rows) {
        let mut transaction = runner.database().write().await?;
        lock(&mut transaction).await?;
        rows = checkpoint::lanes(&mut transaction, name).await?;
        // Another process may have been faster.
        if is_wanted(projection, &rows) {
            begin(&mut transaction, projection, &rows).await?;
            rows = checkpoint::lanes(&mut transaction, name).await?;
            transaction.commit().await?;
        }
    }
    Ok(rows)
}

/// Whether a further generation is to be made.
///
/// | there is | wanted |
/// |---|---|
/// | none, or only retired ones | yes |
/// | none of this version or a later one | yes |
/// | one that is being built | no |
/// | an operator's wish | yes |
fn is_wanted(projection: &dyn Projection, rows: &[LaneRow]) -> bool {
    let newest = rows.iter().filter(|row| row.role != Role::Retired).map(|row| row.version).max();
    let is_building = rows.iter().any(|row| row.role == Role::Building);
    let is_wished = rows.iter().any(|row| row.wish.as_deref() == Some("rebuild"));
    newest.is_none_or(|newest| newest < projection.version()) || (is_wished && !is_building)
}

/// Makes tables and lanes of a further generation.
async fn begin(
    connection: &mut Connection,
    projection: &dyn Projection,
    rows: &[LaneRow],
) -> Result<(), DbError> {
    let name = projection.name();
    // What was replaced the last time was kept until now; what was half built is of no use.
    let old: BTreeSet<_> =
        rows.iter().filter(|row| row.role != Role::Serving).map(|row| row.generation).collect();
    for generation in old {
        Tables::new(generation, projection.tables()).drop(connection).await?;
        for table in ["es_projection", "es_quarantine", "es_quarantine_item"] {
            delete(connection, table, name, generation).await?;
        }
    }
    let generation = rows.iter().map(|row| row.generation).max().unwrap_or(0) + 1;
    let tables = Tables::new(generation, projection.tables());
    tables.create(connection).await?;
    let role = if rows.iter().any(|row| row.role == Role::Serving) {
        Role::Building
    } else {
        tables.show(connection).await?;
        Role::Serving
    };
    query("update es_projection set wish = null where name = $1 and wish = 'rebuild'")
        .bind(name)
        .execute(connection)
        .await?;
    tracing::info!(projection = name, generation, role = role.as_str(), "a read model is built");
    checkpoint::create(connection, name, generation, projection.lanes(), projection.version(), role).await
}

async fn delete(
    connection: &mut Connection,
    table: &'static str,
    name: &str,
    generation: u32,
) -> Result<(), DbError> {
    let delete = format!("delete from {table} where name = $1 and generation = $2");
    mainstay_db::query_assembled(delete).bind(name).bind(generation).execute(connection).await.map(drop)
}

/// Lets nobody append, nor make or swap generations, until the end of the transaction.
async fn lock(connection: &mut Connection) -> Result<Position, DbError> {
    query("update es_seq set position = position where id = 1 returning position")
        .fetch_one(connection)
        .await?
        .get(0)
}

/// Lets a generation that has caught up serve; `false` when it is not time yet.
///
/// One transaction: it holds the counter of the log, so no append is in flight; it raises the fences of all
/// lanes, so nobody else moves them; it applies what is left, lets the plain names mean the new tables, and
/// changes the roles.
pub(super) async fn swap(
    runner: &Arc<Runner>,
    projection: &Arc<dyn Projection>,
    rows: &[LaneRow],
) -> Result<bool, Stop> {
    let building: Vec<_> = rows.iter().filter(|row| row.role == Role::Building).collect();
    let Some(generation) = building.first().map(|row| row.generation) else { return Ok(false) };
    let head = runner.store().head().await?;
    let is_near =
        |row: &&LaneRow| row.status == Status::Running && row.position.get() + SWAP_DISTANCE >= head.get();
    if !building.iter().all(is_near) {
        return Ok(false);
    }

    let began = runner.now();
    let mut transaction = runner.database().write().await?;
    let head = lock(&mut transaction).await?;
    let name = projection.name();
    query("update es_projection set fence = fence + 1, holder = null, lease_until = 0 where name = $1")
        .bind(name)
        .execute(&mut transaction)
        .await?;
    let now = checkpoint::lanes(&mut transaction, name).await?;
    for row in now.iter().filter(|row| row.generation == generation) {
        let place = Place { name, generation, lane: row.lane };
        let tables = Tables::new(generation, projection.tables());
        let lane = Lane { runner: Arc::clone(runner), projection: Arc::clone(projection), place, tables };
        if row.status != Status::Running || !finish(&lane, &mut transaction, row.position, head).await? {
            return Ok(false);
        }
    }
    Tables::new(generation, projection.tables()).show(&mut transaction).await?;
    let roles = "update es_projection set role = case when generation = $2 then 'serving' else 'retired' end
         where name = $1";
    query(roles).bind(name).bind(generation).execute(&mut transaction).await?;
    transaction.commit().await?;
    let took = runner.now() - began;
    metrics::histogram!("projection_swap_seconds", "projection" => name).record(took);
    tracing::info!(projection = name, generation, position = head.get(), "a rebuilt read model serves");
    runner.moved();
    Ok(true)
}

/// Applies what is left; `false` when that is too much, or cannot be applied: the lane itself deals with it.
async fn finish(
    lane: &Lane,
    connection: &mut Connection,
    from: Position,
    head: Position,
) -> Result<bool, Stop> {
    if from.get() + SWAP_DISTANCE < head.get() {
        return Ok(false);
    }
    let limit = u32::try_from(SWAP_DISTANCE).unwrap_or(u32::MAX);
    let events = lane.runner.store().read_in(connection, from, limit).await;
    let events = events.map_err(|error| Stop::Transient(error.to_string()))?;
    let kept = quarantine::kept(connection, lane.place).await?;
    let aside: BTreeSet<_> = kept.into_iter().map(|kept| kept.key).collect();
    match lane.apply(connection, events.iter(), &aside).await {
        Ok(()) => {}
        Err(Refused::Stop(stop)) => return Err(stop),
        Err(Refused::Poison(_)) => return Ok(false),
    }
    let moved =
        query("update es_projection set position = $4 where name = $1 and generation = $2 and lane = $3")
            .bind_all(lane.place.values())
            .bind(head)
            .execute(connection)
            .await?;
    Ok(moved == 1)
}
