//! Commands on schemas.

use mainstay_db::DbError;
use serde_json::Value;

use super::decision::{
    Cascade, Changes, Command, Decision, Deleted, DomainError, Precondition, Strictness, Written,
    check_bounds,
};
use crate::domain::{Catalog, ClusterRuleset, Kind, Name, Ruleset, Schema, Slot, Stored};
use crate::engine;
use crate::read::Snapshot;

/// Creates a schema. Its content is always checked in full.
#[derive(Clone, Debug)]
pub struct CreateSchema {
    /// The schema.
    pub schema: Schema,
}

/// Changes a schema: what is given replaces what is stored.
#[derive(Clone, Debug)]
pub struct ChangeSchema {
    /// Its name.
    pub name: Name,
    /// The new version.
    pub version: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new dimensions.
    pub dimensions: Option<Vec<Value>>,
    /// What the client has seen.
    pub precondition: Precondition,
    /// How a new version alone is judged; new dimensions are always checked in full.
    pub strictness: Strictness,
}

/// Deletes a schema, with everything that cannot be without it.
#[derive(Clone, Debug)]
pub struct DeleteSchema {
    /// Its name.
    pub name: Name,
    /// What the client has seen.
    pub precondition: Precondition,
}

impl Command for CreateSchema {
    type State = Slot<Schema>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.slot(&self.schema.name).await
    }

    fn decide(&self, slot: Self::State) -> Result<Decision<Written>, DomainError> {
        let last = slot.vacant()?;
        Strictness::Strict.judge::<Schema>(check(&self.schema), Vec::new())?;
        check_bounds(&self.schema)?;
        let changes = Changes::none().create(last, self.schema.clone());
        Ok(Decision { changes, outcome: Written::default() })
    }
}

impl Command for ChangeSchema {
    type State = Option<Stored<Schema>>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Written>, DomainError> {
        let stored = stored.ok_or_else(|| DomainError::not_found(Kind::Schema, &self.name))?;
        self.precondition.check(&stored)?;
        let mut schema = stored.content.clone();
        let checked = match (&self.dimensions, &self.version) {
            (Some(_), _) => Some(Strictness::Strict),
            (None, Some(_)) => Some(self.strictness),
            (None, None) => None,
        };
        schema.version.clone_from(self.version.as_ref().unwrap_or(&stored.content.version));
        schema.dimensions.clone_from(self.dimensions.as_ref().unwrap_or(&stored.content.dimensions));
        if self.description.is_some() {
            schema.description.clone_from(&self.description);
        }
        let mut outcome = Written::default();
        if let Some(strictness) = checked {
            let verdict = strictness.judge::<Schema>(check(&schema), Vec::new())?;
            schema.invalid = verdict.invalid;
            outcome = Written::with(verdict.warnings);
        }
        check_bounds(&schema)?;
        Ok(Decision { changes: Changes::none().change(&stored, schema), outcome })
    }
}

/// A schema with all that cannot be without it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchemaDependents {
    /// Rulesets of the schema.
    pub rulesets: Vec<Stored<Ruleset>>,
    /// Cluster rulesets of the schema, or of one of the rulesets.
    pub cluster_rulesets: Vec<Stored<ClusterRuleset>>,
    /// Catalogues of the schema.
    pub catalogs: Vec<Stored<Catalog>>,
}

impl Command for DeleteSchema {
    type State = Option<(Stored<Schema>, SchemaDependents)>;
    type Outcome = Deleted;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let Some(schema) = snapshot.find::<Schema>(&self.name).await? else { return Ok(None) };
        let dependents = SchemaDependents {
            rulesets: snapshot.rulesets_of(schema.id).await?,
            cluster_rulesets: snapshot.cluster_rulesets_of_schema(schema.id).await?,
            catalogs: snapshot.catalogs_of(schema.id).await?,
        };
        Ok(Some((schema, dependents)))
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Deleted>, DomainError> {
        let (schema, dependents) = state.ok_or_else(|| DomainError::not_found(Kind::Schema, &self.name))?;
        self.precondition.check(&schema)?;
        let mut cascade = Cascade::default();
        // What refers to others goes before what it refers to.
        cascade.delete_all(&dependents.cluster_rulesets);
        cascade.delete_all(&dependents.rulesets);
        cascade.delete_all(&dependents.catalogs);
        Ok(cascade.finish(&schema))
    }
}

/// What is wrong with a schema's name, version and dimensions.
pub(super) fn check(schema: &Schema) -> Vec<engine::Problem> {
    engine::Schema::check(schema.name.as_str(), &schema.version, &schema.dimensions)
}

/// The schema as items are checked against it; `None` if it is invalid itself: then nothing can be checked, and every
/// evaluation names the schema.
pub(super) fn compile(schema: &Schema) -> Option<engine::Schema> {
    engine::Schema::compile(schema.name.as_str(), &schema.version, &schema.dimensions).ok()
}
