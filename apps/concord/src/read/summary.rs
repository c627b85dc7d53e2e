//! What happened to each catalogue, in numbers: a read model a moment behind the log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_db::{Connection, Database, DbError, query, query_assembled};
use mainstay_events::projections::{Fold, Table, Tables};
use mainstay_events::{Applying, Position, ProjectionError, RecordedEvent};

use crate::domain::{Fact, Item, ItemGone, Name};

/// The name of the projection.
pub const CATALOG_SUMMARY: &str = "catalog_summary";

/// An event of drills: this read model asks for it and cannot apply it.
#[cfg(feature = "drills")]
pub(crate) const POISON: &str = "drill_poisoned";

/// Keeps the summaries.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatalogSummaries;

/// What happened to a catalogue since it was created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogSummary {
    /// How many items it has.
    pub items: u64,
    /// How often it or one of its items was created, changed or deleted.
    pub changes: u64,
    /// The last of these, when, and by whom.
    pub last: Option<LastChange>,
}

/// The newest change of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// Where it stands in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// Who, if that is known.
    pub actor: Option<String>,
}

/// What some events change of one summary.
#[derive(Debug, Default)]
pub struct Change {
    /// It begins anew: the catalogue was created.
    begins: bool,
    /// The catalogue is gone.
    ends: bool,
    items: i64,
    changes: i64,
    last: Option<LastChange>,
}

impl CatalogSummary {
    /// The summary of a catalogue; an empty one as long as nothing is known of it.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn find(database: &Database, name: &Name) -> Result<Self, DbError> {
        let mut read = database.read().await?;
        let found = query(
            "select items, changes, last_position, last_at, last_actor from catalog_summary where name = $1",
        )
        .bind(name)
        .fetch_optional(&mut read)
        .await?;
        let Some(row) = found else { return Ok(Self::default()) };
        let last = LastChange { position: row.get(2)?, at: row.get(3)?, actor: row.get(4)? };
        Ok(Self { items: row.get(0)?, changes: row.get(1)?, last: Some(last) })
    }
}

impl Fold for CatalogSummaries {
    type Change = Change;

    fn name(&self) -> &'static str {
        CATALOG_SUMMARY
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[Table::new(
            CATALOG_SUMMARY,
            "name text primary key, items bigint not null, changes bigint not null,
             last_position bigint not null, last_at bigint not null, last_actor text",
        )];
        TABLES
    }

    fn event_types(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "catalog_created",
            "catalog_changed",
            "catalog_deleted",
            "item_created",
            "item_changed",
            "item_deleted",
            #[cfg(feature = "drills")]
            POISON,
        ])
    }

    fn fold(
        &self,
        changes: &mut BTreeMap<String, Change>,
        event: &RecordedEvent,
    ) -> Result<(), ProjectionError> {
        let fact = event.decode::<Fact>()?;
        let (name, items) = match &fact {
            Fact::CatalogCreated(catalog) | Fact::CatalogChanged(catalog) => (&catalog.name, 0),
            Fact::CatalogDeleted(gone) => (&gone.name, 0),
            Fact::ItemCreated(Item { catalog_name, .. }) => (catalog_name, 1),
            Fact::ItemChanged(Item { catalog_name, .. }) => (catalog_name, 0),
            Fact::ItemDeleted(ItemGone { catalog_name, .. }) => (catalog_name, -1),
            _ => return Ok(()),
        };
        let change = changes.entry(name.as_str().to_owned()).or_default();
        match fact {
            Fact::CatalogCreated(_) => *change = Change { begins: true, ..Change::default() },
            Fact::CatalogDeleted(_) => *change = Change { ends: true, ..Change::default() },
            _ => {}
        }
        change.items += items;
        change.changes += 1;
        let actor = event.actor.clone();
        change.last = Some(LastChange { position: event.position, at: event.recorded_at, actor });
        Ok(())
    }

    fn write<'a>(
        &'a self,
        connection: &'a mut Connection,
        tables: &'a Tables,
        changes: BTreeMap<String, Change>,
    ) -> Applying<'a> {
        Box::pin(async move {
            let table = tables.name("catalog_summary");
            for (name, change) in changes {
                let Change { begins, ends, items, changes, last } = change;
                if begins || ends {
                    let delete = format!("delete from {table} where name = $1");
                    query_assembled(delete).bind(name.as_str()).execute(connection).await?;
                }
                let Some(LastChange { position, at, actor }) = last.filter(|_| !ends) else { continue };
                let upsert = format!(
                    "insert into {table} (name, items, changes, last_position, last_at, last_actor)
                     values ($1, $2, $3, $4, $5, $6)
                     on conflict (name) do update set items = {table}.items + excluded.items,
                         changes = {table}.changes + excluded.changes, last_position = excluded.last_position,
                         last_at = excluded.last_at, last_actor = excluded.last_actor"
                );
                query_assembled(upsert)
                    .bind(name)
                    .bind(items)
                    .bind(changes)
                    .bind(position)
                    .bind(at)
                    .bind(actor)
                    .execute(connection)
                    .await?;
            }
            Ok(())
        })
    }
}
