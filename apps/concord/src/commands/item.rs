//! Commands on items.

use mainstay_db::DbError;

use super::decision::{
    Changes, Command, Decision, Deleted, DomainError, Precondition, Strictness, Written, check_bounds,
};
use super::schema;
use crate::domain::{Catalog, Item, Kind, Name, Object, Schema, Slot, Stored};
use crate::engine::{self, Problem};
use crate::read::Snapshot;

/// Creates an item.
#[derive(Clone, Debug)]
pub struct CreateItem {
    /// The name of its catalogue.
    pub catalog_name: Name,
    /// Its id.
    pub item_id: Name,
    /// What people call it.
    pub name: String,
    /// Its attributes.
    pub attributes: Object,
    /// Whatever the client keeps with it.
    pub metadata: Object,
    /// How its attributes are judged.
    pub strictness: Strictness,
}

/// Changes an item: what is given replaces what is stored.
#[derive(Clone, Debug)]
pub struct ChangeItem {
    /// The name of its catalogue.
    pub catalog_name: Name,
    /// Its id.
    pub item_id: Name,
    /// The new name.
    pub name: Option<String>,
    /// The new attributes, all of them.
    pub attributes: Option<Object>,
    /// The new metadata, all of them.
    pub metadata: Option<Object>,
    /// What the client has seen.
    pub precondition: Precondition,
    /// How a new name and new attributes are judged.
    pub strictness: Strictness,
}

/// Deletes an item.
#[derive(Clone, Debug)]
pub struct DeleteItem {
    /// The name of its catalogue.
    pub catalog_name: Name,
    /// Its id.
    pub item_id: Name,
    /// What the client has seen.
    pub precondition: Precondition,
}

/// What a command on an item must know.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSurroundings {
    /// Its catalogue.
    pub catalog: Stored<Catalog>,
    /// The schema of its catalogue.
    pub schema: Stored<Schema>,
    /// Its id, and what is there.
    pub slot: Slot<Item>,
}

async fn surroundings(
    snapshot: &mut Snapshot,
    catalog: &Name,
    item_id: &Name,
) -> Result<Option<ItemSurroundings>, DbError> {
    let Some(catalog) = snapshot.find::<Catalog>(catalog).await? else { return Ok(None) };
    // A catalogue cannot be without its schema: the read model's foreign key sees to it.
    let Some(schema) = snapshot.find::<Schema>(&catalog.content.schema_name).await? else { return Ok(None) };
    let slot = snapshot.item_slot(&catalog, item_id).await?;
    Ok(Some(ItemSurroundings { catalog, schema, slot }))
}

/// The item of a slot.
fn taken<'a>(slot: &'a Slot<Item>, item_id: &Name) -> Result<&'a Stored<Item>, DomainError> {
    match slot {
        Slot::Vacant(_) => Err(DomainError::not_found(Kind::Item, item_id)),
        Slot::Taken(item) => Ok(item),
    }
}

impl Command for CreateItem {
    type State = Option<ItemSurroundings>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        surroundings(snapshot, &self.catalog_name, &self.item_id).await
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Written>, DomainError> {
        let state = state.ok_or_else(|| DomainError::not_found(Kind::Catalog, &self.catalog_name))?;
        let ItemSurroundings { catalog, schema, slot } = state;
        let last = slot.vacant()?;
        let mut item = Item {
            catalog_uid: catalog.content.uid,
            catalog_name: catalog.content.name.clone(),
            item_id: self.item_id.clone(),
            name: self.name.clone(),
            attributes: self.attributes.clone(),
            metadata: self.metadata.clone(),
            invalid: false,
        };
        let (problems, warnings) = check(&item, schema::compile(&schema.content).as_ref());
        let verdict = self.strictness.judge::<Item>(problems, warnings)?;
        item.invalid = verdict.invalid;
        check_bounds(&item)?;
        let changes = Changes::none().create(last, item).rests_on(&catalog).rests_on(&schema);
        Ok(Decision { changes, outcome: Written::with(verdict.warnings) })
    }
}

impl Command for ChangeItem {
    type State = Option<ItemSurroundings>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        surroundings(snapshot, &self.catalog_name, &self.item_id).await
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Written>, DomainError> {
        let state = state.ok_or_else(|| DomainError::not_found(Kind::Catalog, &self.catalog_name))?;
        let ItemSurroundings { catalog, schema, slot } = state;
        let stored = taken(&slot, &self.item_id)?;
        self.precondition.check(stored)?;
        let mut item = stored.content.clone();
        if let Some(name) = &self.name {
            item.name.clone_from(name);
        }
        if let Some(attributes) = &self.attributes {
            item.attributes.clone_from(attributes);
        }
        if let Some(metadata) = &self.metadata {
            item.metadata.clone_from(metadata);
        }
        let mut outcome = Written::default();
        if self.name.is_some() || self.attributes.is_some() {
            let (problems, warnings) = check(&item, schema::compile(&schema.content).as_ref());
            let verdict = self.strictness.judge::<Item>(problems, warnings)?;
            item.invalid = verdict.invalid;
            outcome = Written::with(verdict.warnings);
        }
        check_bounds(&item)?;
        let changes = Changes::none().change(stored, item).rests_on(&catalog).rests_on(&schema);
        Ok(Decision { changes, outcome })
    }
}

impl Command for DeleteItem {
    type State = Option<ItemSurroundings>;
    type Outcome = Deleted;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        surroundings(snapshot, &self.catalog_name, &self.item_id).await
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Deleted>, DomainError> {
        let state = state.ok_or_else(|| DomainError::not_found(Kind::Catalog, &self.catalog_name))?;
        let ItemSurroundings { catalog, slot, .. } = state;
        let stored = taken(&slot, &self.item_id)?;
        self.precondition.check(stored)?;
        let changes = Changes::none().delete(stored).rests_on(&catalog);
        Ok(Decision { changes, outcome: Deleted::default() })
    }
}

/// What makes an item unusable, and what is questionable about it. The schema is as
/// [compiled](super::schema::compile); `None` if it cannot be.
pub(super) fn check(item: &Item, schema: Option<&engine::Schema>) -> (Vec<Problem>, Vec<Problem>) {
    let mut report = schema.map(|schema| schema.check_attributes(&item.attributes)).unwrap_or_default();
    if item.name.trim().is_empty() {
        let message = "name must not be blank".to_owned();
        report.problems.insert(0, Problem { field: "name".into(), code: "blank", message });
    }
    (report.problems, report.warnings)
}
