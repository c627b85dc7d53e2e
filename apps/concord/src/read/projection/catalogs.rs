//! Catalogues.

use mainstay_db::{Connection, query};
use mainstay_events::{ProjectionError, RecordedEvent};
use uuid::Uuid;

use super::{json, named, one};
use crate::domain::{Catalog, Kind, Name, stream};

type Applied = Result<(), ProjectionError>;

pub(super) async fn create(connection: &mut Connection, event: &RecordedEvent, catalog: &Catalog) -> Applied {
    let changed = query(
        "insert into catalog
         (uid, name, description, schema_id, metadata, item_count, touched, revision, created_at, updated_at)
         select $1, $2, $3, schema.id, $5, 0, $6, $7, $8, $8 from schema where schema.name = $4",
    )
    .bind(catalog.uid)
    .bind(&catalog.name)
    .bind(catalog.description.as_deref())
    .bind(&catalog.schema_name)
    .bind(json(&catalog.metadata)?)
    .bind(event.position)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "catalog", changed)
}

pub(super) async fn change(connection: &mut Connection, event: &RecordedEvent, catalog: &Catalog) -> Applied {
    let changed = query(
        "update catalog set description = $2, metadata = $3, touched = $4, revision = $5, updated_at = $6
         where name = $1",
    )
    .bind(&catalog.name)
    .bind(catalog.description.as_deref())
    .bind(json(&catalog.metadata)?)
    .bind(event.position)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "catalog", changed)
}

pub(super) async fn delete(connection: &mut Connection, event: &RecordedEvent, name: &Name) -> Applied {
    let uid = query("select uid from catalog where name = $1").bind(name).fetch_optional(connection).await?;
    if let Some(row) = uid {
        // Nobody will create items under this uid again.
        let first = format!("{}-{}", stream::category(Kind::Item), stream::item_prefix(row.get::<Uuid>(0)?));
        query("delete from retired_stream where stream_id >= $1 and stream_id < $2")
            .bind(first.as_str())
            .bind(format!("{first}\u{10ffff}"))
            .execute(connection)
            .await?;
    }
    named::delete(connection, event, "catalog", name).await
}

/// Notes that items of a catalogue were created, changed or deleted.
pub(super) async fn touch(
    connection: &mut Connection,
    event: &RecordedEvent,
    uid: Uuid,
    more_items: i64,
) -> Applied {
    let changed = query("update catalog set item_count = item_count + $2, touched = $3 where uid = $1")
        .bind(uid)
        .bind(more_items)
        .bind(event.position)
        .execute(connection)
        .await?;
    one(event, "catalog", changed)
}
