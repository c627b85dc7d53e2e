//! Commands on catalogues.

use mainstay_db::DbError;
use serde_json::Value;

use super::Patch;
use super::decision::{
    Cascade, Changes, Command, Decision, Deleted, DomainError, Precondition, Written, check_bounds,
};
use crate::domain::{Catalog, Kind, Name, Object, Schema, Slot, Stored};
use crate::read::Snapshot;

/// Creates a catalogue without items.
#[derive(Clone, Debug)]
pub struct CreateCatalog {
    /// The catalogue.
    pub catalog: Catalog,
}

/// Changes a catalogue: what is given replaces what is stored. Its schema and its items stay.
#[derive(Clone, Debug)]
pub struct ChangeCatalog {
    /// Its name.
    pub name: Name,
    /// The new description.
    pub description: Option<String>,
    /// The new metadata.
    pub metadata: Option<Object>,
    /// What the client has seen.
    pub precondition: Precondition,
}

/// Patches a catalogue: what is given is merged into what is stored, null removes.
#[derive(Clone, Debug)]
pub struct PatchCatalog {
    /// Its name.
    pub name: Name,
    /// What becomes of the description.
    pub description: Patch<String>,
    /// What is merged into the metadata, as RFC 7396 has it; removing empties them.
    pub metadata: Patch<Object>,
    /// What the client has seen.
    pub precondition: Precondition,
}

/// Deletes a catalogue with its items.
#[derive(Clone, Debug)]
pub struct DeleteCatalog {
    /// Its name.
    pub name: Name,
    /// What the client has seen.
    pub precondition: Precondition,
}

impl Command for CreateCatalog {
    type State = (Slot<Catalog>, Option<Stored<Schema>>);
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let Catalog { name, schema_name, .. } = &self.catalog;
        Ok((snapshot.slot(name).await?, snapshot.find(schema_name).await?))
    }

    fn decide(&self, (slot, schema): Self::State) -> Result<Decision<Written>, DomainError> {
        let last = slot.vacant()?;
        let schema_name = &self.catalog.schema_name;
        let schema = schema.ok_or_else(|| DomainError::not_found(Kind::Schema, schema_name))?;
        check_bounds(&self.catalog)?;
        let changes = Changes::none().create(last, self.catalog.clone()).rests_on(&schema);
        Ok(Decision { changes, outcome: Written::default() })
    }
}

impl Command for ChangeCatalog {
    type State = Option<Stored<Catalog>>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Written>, DomainError> {
        change(stored, &self.name, &self.precondition, |catalog| {
            if self.description.is_some() {
                catalog.description.clone_from(&self.description);
            }
            if let Some(metadata) = &self.metadata {
                catalog.metadata.clone_from(metadata);
            }
        })
    }
}

impl Command for PatchCatalog {
    type State = Option<Stored<Catalog>>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Written>, DomainError> {
        change(stored, &self.name, &self.precondition, |catalog| {
            match &self.description {
                Patch::Keep => {}
                Patch::Remove => catalog.description = None,
                Patch::With(description) => catalog.description = Some(description.clone()),
            }
            match &self.metadata {
                Patch::Keep => {}
                Patch::Remove => catalog.metadata.clear(),
                Patch::With(patch) => merge(&mut catalog.metadata, patch),
            }
        })
    }
}

fn change(
    stored: Option<Stored<Catalog>>,
    name: &Name,
    precondition: &Precondition,
    apply: impl FnOnce(&mut Catalog),
) -> Result<Decision<Written>, DomainError> {
    let stored = stored.ok_or_else(|| DomainError::not_found(Kind::Catalog, name))?;
    precondition.check(&stored)?;
    let mut catalog = stored.content.clone();
    apply(&mut catalog);
    check_bounds(&catalog)?;
    Ok(Decision { changes: Changes::none().change(&stored, catalog), outcome: Written::default() })
}

/// Merges a patch into an object, as RFC 7396 has it.
fn merge(object: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match value {
            // Not `swap_remove`: the order of what stays is kept.
            Value::Null => drop(object.shift_remove(name)),
            Value::Object(inner) => {
                let member = object.entry(name.clone()).or_insert_with(|| Object::new().into());
                if !member.is_object() {
                    *member = Object::new().into();
                }
                if let Value::Object(member) = member {
                    merge(member, inner);
                }
            }
            other => drop(object.insert(name.clone(), other.clone())),
        }
    }
}

impl Command for DeleteCatalog {
    type State = Option<Stored<Catalog>>;
    type Outcome = Deleted;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Deleted>, DomainError> {
        let stored = stored.ok_or_else(|| DomainError::not_found(Kind::Catalog, &self.name))?;
        self.precondition.check(&stored)?;
        Ok(Cascade::default().finish(&stored))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patches_merge_as_the_rfc_has_it() {
        // From the examples of RFC 7396, appendix A, as far as they are objects.
        let rows = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": "foo"}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (object, patch, expected) in rows {
            let mut merged = object.as_object().unwrap().clone();
            merge(&mut merged, patch.as_object().unwrap());
            assert_eq!(Value::Object(merged), expected, "{object} {patch}");
        }
    }
}
