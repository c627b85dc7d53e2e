//! Questions about the items of a catalogue.

use mainstay_db::{DbError, Row, query, query_assembled};

use super::column::Json;
use super::named::{HEAD, stored};
use super::{Page, Snapshot};
use crate::domain::{Catalog, Item, Name, Object, Resource, Slot, Stored};

/// The columns of an item.
const SELECT: &str = "select it.id, it.revision, it.revision, it.created_at, it.updated_at,
     it.item_id, it.name, it.attributes, it.metadata, it.invalid
     from item it";

/// As much of an item as an evaluation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogItem {
    /// Its id.
    pub item_id: String,
    /// Its name.
    pub name: String,
    /// Its attributes, as JSON.
    pub attributes: String,
}

impl Snapshot {
    /// An item of a catalogue.
    ///
    /// # Errors
    ///
    /// See [`DbError`]; so for all that follow.
    pub async fn item(
        &mut self,
        catalog: &Stored<Catalog>,
        item_id: &Name,
    ) -> Result<Option<Stored<Item>>, DbError> {
        let sql = format!("{SELECT} where it.catalog_id = $1 and it.item_id = $2");
        let found = query_assembled(sql).bind(catalog.id).bind(item_id);
        let row = found.fetch_optional(self.connection()).await?;
        row.map(|row| read(&row, &catalog.content)).transpose()
    }

    /// An item of a catalogue, or where its stream was left.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::item`].
    pub async fn item_slot(
        &mut self,
        catalog: &Stored<Catalog>,
        item_id: &Name,
    ) -> Result<Slot<Item>, DbError> {
        if let Some(stored) = self.item(catalog, item_id).await? {
            return Ok(Slot::Taken(Box::new(stored)));
        }
        let stream = crate::domain::stream::item(catalog.content.uid, item_id);
        self.retired(&stream).await.map(Slot::Vacant)
    }

    /// Items in storage order.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::item`].
    pub async fn items(
        &mut self,
        catalog: &Stored<Catalog>,
        page: Page,
    ) -> Result<Vec<Stored<Item>>, DbError> {
        let sql = format!("{SELECT} where it.catalog_id = $1 order by it.id limit $2 offset $3");
        let some = query_assembled(sql).bind(catalog.id).bind(page.limit).bind(page.skip);
        let rows = some.fetch_all(self.connection()).await?;
        rows.iter().map(|row| read(row, &catalog.content)).collect()
    }

    /// Items behind one of them, in storage order.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::item`].
    pub async fn items_after(
        &mut self,
        catalog: &Stored<Catalog>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Stored<Item>>, DbError> {
        let sql = format!("{SELECT} where it.catalog_id = $1 and it.id > $2 order by it.id limit $3");
        let some = query_assembled(sql).bind(catalog.id).bind(after).bind(limit);
        let rows = some.fetch_all(self.connection()).await?;
        rows.iter().map(|row| read(row, &catalog.content)).collect()
    }

    /// All items in storage order, with what an evaluation needs of them.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::item`].
    pub async fn items_for_evaluation(
        &mut self,
        catalog: &Stored<Catalog>,
    ) -> Result<Vec<CatalogItem>, DbError> {
        let rows = query("select item_id, name, attributes from item where catalog_id = $1 order by id")
            .bind(catalog.id)
            .fetch_all(self.connection())
            .await?;
        let item =
            |row: &Row| Ok(CatalogItem { item_id: row.get(0)?, name: row.get(1)?, attributes: row.get(2)? });
        rows.iter().map(item).collect()
    }
}

fn read(row: &Row, catalog: &Catalog) -> Result<Stored<Item>, DbError> {
    let Json(attributes): Json<Object> = row.get(HEAD + 2)?;
    let Json(metadata): Json<Object> = row.get(HEAD + 3)?;
    let content = Item {
        catalog_uid: catalog.uid,
        catalog_name: catalog.key().clone(),
        item_id: row.get(HEAD)?,
        name: row.get(HEAD + 1)?,
        attributes,
        metadata,
        invalid: row.get(HEAD + 4)?,
    };
    stored(row, content)
}
