//! Exports, page by page.
//!
//! An export walks through its parts in one order, so that one cursor tells where to go on. A page ends when it
//! has so many rows or so many bytes; items count as rows.

mod cursor;
mod document;

use mainstay_db::{DbError, query_assembled};

use super::{Named, Snapshot};
use crate::domain::{Catalog, ClusterRuleset, Ruleset, Schema, Stored, json_size};

pub use cursor::{Cursor, CursorError, Part};
pub use document::{CatalogExport, ClusterRulesetExport, ItemExport, RulesetExport, SchemaExport};

/// How many rows are fetched at once.
const BATCH: u32 = 256;

/// How large a page may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportLimits {
    /// Most rows, items included.
    pub rows: usize,
    /// Most bytes of JSON, roughly; a page has one row at least.
    pub bytes: usize,
}

/// A page of an export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportPage {
    /// Schemas.
    pub schemas: Vec<SchemaExport>,
    /// Pairwise rulesets.
    pub rulesets: Vec<RulesetExport>,
    /// Cluster rulesets.
    pub cluster_rulesets: Vec<ClusterRulesetExport>,
    /// Catalogues.
    pub catalogs: Vec<CatalogExport>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Cursor>,
}

/// What is left of a page.
#[derive(Debug)]
struct Room {
    left: ExportLimits,
    empty: bool,
}

impl Room {
    /// Takes the room for a row, if there is any.
    fn take(&mut self, row: &impl serde::Serialize) -> bool {
        let bytes = json_size(row).bytes;
        let fits = self.left.rows > 0 && self.left.bytes >= bytes;
        if !fits && !self.empty {
            return false;
        }
        self.empty = false;
        self.left.rows = self.left.rows.saturating_sub(1);
        self.left.bytes = self.left.bytes.saturating_sub(bytes);
        true
    }
}

impl Snapshot {
    /// A page of the export of everything, or of one part.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn export(
        &mut self,
        parts: &[Part],
        from: Option<Cursor>,
        limits: ExportLimits,
    ) -> Result<ExportPage, DbError> {
        let mut page = ExportPage::default();
        let mut room = Room { left: limits, empty: true };
        for part in parts.iter().copied().filter(|part| from.is_none_or(|from| *part >= from.part)) {
            let from = from.filter(|from| from.part == part).unwrap_or(Cursor::start_of(part));
            page.next = match part {
                Part::Schemas => self.fill::<Schema, _>(from, &mut room, &mut page.schemas).await?,
                Part::Rulesets => self.fill::<Ruleset, _>(from, &mut room, &mut page.rulesets).await?,
                Part::ClusterRulesets => {
                    self.fill::<ClusterRuleset, _>(from, &mut room, &mut page.cluster_rulesets).await?
                }
                Part::Catalogs => self.fill_catalogs(from, &mut room, &mut page.catalogs).await?,
            };
            if page.next.is_some() {
                break;
            }
        }
        Ok(page)
    }

    /// A page of the export of one catalogue.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn export_catalog(
        &mut self,
        catalog: Stored<Catalog>,
        from: Option<Cursor>,
        limits: ExportLimits,
    ) -> Result<(CatalogExport, Option<Cursor>), DbError> {
        let mut room = Room { left: limits, empty: true };
        self.catalog_with_items(catalog, from.and_then(|from| from.after_item), &mut room).await
    }

    /// Adds rows of a kind until there are no more (`None`) or no more room.
    async fn fill<T: Named, E: From<T> + serde::Serialize>(
        &mut self,
        mut from: Cursor,
        room: &mut Room,
        out: &mut Vec<E>,
    ) -> Result<Option<Cursor>, DbError> {
        loop {
            let batch = self.things_after::<T>(from.after, BATCH).await?;
            if batch.is_empty() {
                return Ok(None);
            }
            for stored in batch {
                let row = E::from(stored.content);
                if !room.take(&row) {
                    return Ok(Some(from));
                }
                out.push(row);
                from.after = stored.id;
            }
        }
    }

    async fn fill_catalogs(
        &mut self,
        mut from: Cursor,
        room: &mut Room,
        out: &mut Vec<CatalogExport>,
    ) -> Result<Option<Cursor>, DbError> {
        loop {
            // A catalogue that was begun is taken up again, unless it was deleted meanwhile.
            let after = from.after - i64::from(from.after_item.is_some());
            let Some(catalog) = self.things_after::<Catalog>(after, 1).await?.pop() else { return Ok(None) };
            let id = catalog.id;
            let after_item = from.after_item.filter(|_| id == from.after);
            let frame = CatalogExport::from(catalog.content.clone());
            if !room.take(&frame) {
                return Ok(Some(from));
            }
            let (catalog, next) = self.catalog_with_items(catalog, after_item, room).await?;
            out.push(catalog);
            if next.is_some() {
                return Ok(next);
            }
            from = Cursor { after: id, after_item: None, ..from };
        }
    }

    async fn catalog_with_items(
        &mut self,
        catalog: Stored<Catalog>,
        after_item: Option<i64>,
        room: &mut Room,
    ) -> Result<(CatalogExport, Option<Cursor>), DbError> {
        let mut export = CatalogExport::from(catalog.content.clone());
        let mut after = after_item.unwrap_or(0);
        loop {
            let batch = self.items_after(&catalog, after, BATCH).await?;
            if batch.is_empty() {
                return Ok((export, None));
            }
            for stored in batch {
                let item = ItemExport::from(stored.content);
                if !room.take(&item) {
                    let next = Cursor { part: Part::Catalogs, after: catalog.id, after_item: Some(after) };
                    return Ok((export, Some(next)));
                }
                export.items.push(item);
                after = stored.id;
            }
        }
    }

    /// Things behind one of them, in the order of their ids.
    async fn things_after<T: Named>(&mut self, after: i64, limit: u32) -> Result<Vec<Stored<T>>, DbError> {
        let sql = format!("{} where it.id > $1 order by it.id limit $2", T::SELECT);
        let rows = query_assembled(sql).bind(after).bind(limit).fetch_all(self.connection()).await?;
        rows.iter().map(T::read).collect()
    }
}
