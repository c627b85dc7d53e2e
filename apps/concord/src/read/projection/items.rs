//! Items.

use mainstay_db::{Connection, Value, insert_into, query};
use mainstay_events::{ProjectionError, RecordedEvent};
use uuid::Uuid;

use super::{catalogs, json, named, one};
use crate::domain::{Item, ItemGone};

type Applied = Result<(), ProjectionError>;

const COLUMNS: [&str; 9] = [
    "catalog_id",
    "item_id",
    "name",
    "attributes",
    "metadata",
    "invalid",
    "revision",
    "created_at",
    "updated_at",
];

/// Items of one catalogue that were created one after the other, to be written together.
#[derive(Default)]
pub(super) struct NewItems {
    run: Option<Run>,
}

struct Run {
    catalog_uid: Uuid,
    catalog_id: i64,
    rows: Vec<[Value; COLUMNS.len()]>,
    last: RecordedEvent,
}

impl NewItems {
    /// Adds an item; writes those before it if they belong to another catalogue.
    pub(super) async fn add(
        &mut self,
        connection: &mut Connection,
        event: &RecordedEvent,
        item: Item,
    ) -> Applied {
        if self.run.as_ref().is_some_and(|run| run.catalog_uid != item.catalog_uid) {
            self.flush(connection).await?;
        }
        let run = match &mut self.run {
            Some(run) => run,
            None => self.run.insert(Run::begin(connection, event, item.catalog_uid).await?),
        };
        run.rows.push([
            run.catalog_id.into(),
            (&item.item_id).into(),
            item.name.into(),
            json(&item.attributes)?,
            json(&item.metadata)?,
            item.invalid.into(),
            event.version.into(),
            event.recorded_at.into(),
            event.recorded_at.into(),
        ]);
        run.last.position = event.position;
        Ok(())
    }

    /// Writes what was added.
    pub(super) async fn flush(&mut self, connection: &mut Connection) -> Applied {
        let Some(run) = self.run.take() else { return Ok(()) };
        let count = i64::try_from(run.rows.len()).unwrap_or(i64::MAX);
        insert_into("item", COLUMNS).rows(run.rows).execute(connection).await?;
        catalogs::touch(connection, &run.last, run.catalog_uid, count).await
    }
}

impl Run {
    async fn begin(
        connection: &mut Connection,
        event: &RecordedEvent,
        uid: Uuid,
    ) -> Result<Self, ProjectionError> {
        let found =
            query("select id from catalog where uid = $1").bind(uid).fetch_optional(connection).await?;
        one(event, "catalog", u64::from(found.is_some()))?;
        let catalog_id = found.map_or(Ok(0), |row| row.get(0))?;
        Ok(Self { catalog_uid: uid, catalog_id, rows: Vec::new(), last: event.clone() })
    }
}

pub(super) async fn change(connection: &mut Connection, event: &RecordedEvent, item: &Item) -> Applied {
    let changed = query(
        "update item set name = $3, attributes = $4, metadata = $5, invalid = $6, revision = $7, updated_at = $8
         where catalog_id = (select id from catalog where uid = $1) and item_id = $2",
    )
    .bind(item.catalog_uid)
    .bind(&item.item_id)
    .bind(item.name.as_str())
    .bind(json(&item.attributes)?)
    .bind(json(&item.metadata)?)
    .bind(item.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "item", changed)?;
    catalogs::touch(connection, event, item.catalog_uid, 0).await
}

pub(super) async fn delete(connection: &mut Connection, event: &RecordedEvent, gone: &ItemGone) -> Applied {
    let changed =
        query("delete from item where catalog_id = (select id from catalog where uid = $1) and item_id = $2")
            .bind(gone.catalog_uid)
            .bind(&gone.item_id)
            .execute(connection)
            .await?;
    one(event, "item", changed)?;
    named::retire(connection, event).await?;
    catalogs::touch(connection, event, gone.catalog_uid, -1).await
}
