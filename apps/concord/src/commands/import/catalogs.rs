//! Importing catalogues with their items.

use std::collections::{HashMap, HashSet};

use mainstay_db::DbError;
use mainstay_events::Version;
use serde_json::Value;
use uuid::Uuid;

use super::row::{Row, RowError, SCHEMA, names, own_name};
use super::rows::{Rows, place};
use super::{ImportOptions, ImportReport};
use crate::commands::decision::check_bounds;
use crate::commands::{Command, Decision, DomainError, Strictness, Verdict, item, schema};
use crate::domain::{Catalog, Item, Kind, Name, Object, Schema, Slot};
use crate::engine;
use crate::read::Snapshot;

/// Imports catalogues with their items.
#[derive(Clone, Debug)]
pub struct ImportCatalogs {
    /// The rows, each with the uid of the catalogue that it may become.
    pub rows: Vec<(Uuid, Object)>,
    /// How to go about them.
    pub options: ImportOptions,
}

impl Command for ImportCatalogs {
    type State = (HashMap<Name, Slot<Catalog>>, HashMap<Name, Slot<Schema>>);
    type Outcome = ImportReport;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let rows = self.rows.iter().map(|(_, row)| row);
        let schemas = names(rows.clone(), |row| row.reference(SCHEMA));
        Ok((snapshot.slots(&names(rows, own_name)).await?, snapshot.slots(&schemas).await?))
    }

    fn decide(&self, (slots, schemas): Self::State) -> Result<Decision<ImportReport>, DomainError> {
        let mut compiled = HashMap::new();
        let mut rows = Rows::new(self.options, &slots);
        for (uid, row) in &self.rows {
            let Some((name, last)) = rows.admit(row) else { continue };
            let row = Row(row);
            let Some(schema) = rows.schema(row, &schemas) else { continue };
            let (catalog, items) = match read(row, *uid, name, &schema.content.name) {
                Ok(read) => read,
                Err(error) => {
                    rows.refuse(row, &error);
                    continue;
                }
            };
            rows.accept(last, catalog.clone());
            rows.rests_on(schema);
            // Compiled once, however many catalogues have it.
            let schema = compiled
                .entry(schema.content.name.clone())
                .or_insert_with(|| schema::compile(&schema.content));
            self.add_items(&mut rows, &catalog, items, schema.as_ref());
        }
        Ok(rows.finish())
    }
}

impl ImportCatalogs {
    fn add_items(
        &self,
        rows: &mut Rows<'_, Catalog>,
        catalog: &Catalog,
        items: &[Value],
        schema: Option<&engine::Schema>,
    ) {
        let mut ids = HashSet::new();
        for value in items {
            match read_item(value, catalog, schema, self.options.strictness) {
                Ok((item, _)) if ids.contains(&item.item_id) => {
                    let taken = DomainError::AlreadyExists { kind: Kind::Item, name: item.item_id };
                    refuse_item(&mut rows.report, value, catalog, &taken.into());
                }
                Ok((item, verdict)) => {
                    let place = format!(
                        "{}.{}",
                        place(Kind::Catalog, &catalog.name),
                        place(Kind::Item, &item.item_id)
                    );
                    rows.report.warn(&place, verdict.warnings);
                    ids.insert(item.item_id.clone());
                    // The catalogue is new, and so are the streams of its items.
                    rows.changes = std::mem::take(&mut rows.changes).create(Version::default(), item);
                }
                Err(error) => refuse_item(&mut rows.report, value, catalog, &error),
            }
        }
        rows.report.items = rows.report.items.map(|count| count + ids.len());
    }
}

fn read<'a>(row: Row<'a>, uid: Uuid, name: Name, schema: &Name) -> Result<(Catalog, &'a [Value]), RowError> {
    let catalog = Catalog {
        uid,
        name,
        description: row.optional_string("description")?,
        schema_name: schema.clone(),
        metadata: row.optional_object("metadata")?,
    };
    check_bounds(&catalog)?;
    Ok((catalog, row.optional_list("items")?))
}

fn read_item(
    value: &Value,
    catalog: &Catalog,
    schema: Option<&engine::Schema>,
    strictness: Strictness,
) -> Result<(Item, Verdict), RowError> {
    let row =
        value.as_object().map(Row).ok_or(RowError::Type { key: "items", expected: "a list of objects" })?;
    let mut item = Item {
        catalog_uid: catalog.uid,
        catalog_name: catalog.name.clone(),
        item_id: row.name("id")?,
        name: row.string("name")?.to_owned(),
        attributes: row.object("attributes")?,
        metadata: row.optional_object("metadata")?,
        invalid: false,
    };
    let (problems, warnings) = item::check(&item, schema);
    let verdict = strictness.judge::<Item>(problems, warnings)?;
    item.invalid = verdict.invalid;
    check_bounds(&item)?;
    Ok((item, verdict))
}

fn refuse_item(report: &mut ImportReport, value: &Value, catalog: &Catalog, error: &RowError) {
    let id = value.as_object().map_or("unknown", |row| Row(row).label("id"));
    report.errors.push(format!("Error importing item '{id}' in catalog '{}': {error}", catalog.name));
}
