//! Commands on pairwise rulesets.

use mainstay_db::DbError;
use serde_json::Value;

use super::decision::{
    Cascade, Changes, Command, Decision, Deleted, DomainError, Precondition, Strictness, Written,
    check_bounds,
};
use crate::domain::{ClusterRuleset, Kind, Name, Ruleset, Schema, Slot, Stored};
use crate::engine;
use crate::read::Snapshot;

/// Creates a ruleset.
#[derive(Clone, Debug)]
pub struct CreateRuleset {
    /// The ruleset.
    pub ruleset: Ruleset,
    /// How its rules are judged.
    pub strictness: Strictness,
}

/// Changes a ruleset: what is given replaces what is stored. Its schema stays.
#[derive(Clone, Debug)]
pub struct ChangeRuleset {
    /// Its name.
    pub name: Name,
    /// The new version.
    pub version: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new rules.
    pub rules: Option<Vec<Value>>,
    /// What the client has seen.
    pub precondition: Precondition,
    /// How new rules and a new version are judged.
    pub strictness: Strictness,
}

/// Deletes a ruleset, with the cluster rulesets that name it.
#[derive(Clone, Debug)]
pub struct DeleteRuleset {
    /// Its name.
    pub name: Name,
    /// What the client has seen.
    pub precondition: Precondition,
}

impl Command for CreateRuleset {
    type State = (Slot<Ruleset>, Option<Stored<Schema>>);
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let Ruleset { name, schema_name, .. } = &self.ruleset;
        Ok((snapshot.slot(name).await?, snapshot.find(schema_name).await?))
    }

    fn decide(&self, (slot, schema): Self::State) -> Result<Decision<Written>, DomainError> {
        let last = slot.vacant()?;
        let schema_name = &self.ruleset.schema_name;
        let schema = schema.ok_or_else(|| DomainError::not_found(Kind::Schema, schema_name))?;
        let mut ruleset = self.ruleset.clone();
        let verdict = self.strictness.judge::<Ruleset>(check(&ruleset), Vec::new())?;
        ruleset.invalid = verdict.invalid;
        check_bounds(&ruleset)?;
        let changes = Changes::none().create(last, ruleset).rests_on(&schema);
        Ok(Decision { changes, outcome: Written::with(verdict.warnings) })
    }
}

impl Command for ChangeRuleset {
    type State = Option<Stored<Ruleset>>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Written>, DomainError> {
        let stored = stored.ok_or_else(|| DomainError::not_found(Kind::Ruleset, &self.name))?;
        self.precondition.check(&stored)?;
        let mut ruleset = stored.content.clone();
        if let Some(version) = &self.version {
            ruleset.version.clone_from(version);
        }
        if self.description.is_some() {
            ruleset.description.clone_from(&self.description);
        }
        if let Some(rules) = &self.rules {
            ruleset.rules.clone_from(rules);
        }
        let mut outcome = Written::default();
        if self.version.is_some() || self.rules.is_some() {
            let verdict = self.strictness.judge::<Ruleset>(check(&ruleset), Vec::new())?;
            ruleset.invalid = verdict.invalid;
            outcome = Written::with(verdict.warnings);
        }
        check_bounds(&ruleset)?;
        Ok(Decision { changes: Changes::none().change(&stored, ruleset), outcome })
    }
}

impl Command for DeleteRuleset {
    type State = Option<(Stored<Ruleset>, Vec<Stored<ClusterRuleset>>)>;
    type Outcome = Deleted;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let Some(ruleset) = snapshot.find::<Ruleset>(&self.name).await? else { return Ok(None) };
        let dependents = snapshot.cluster_rulesets_of_ruleset(ruleset.id).await?;
        Ok(Some((ruleset, dependents)))
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Deleted>, DomainError> {
        let (ruleset, dependents) = state.ok_or_else(|| DomainError::not_found(Kind::Ruleset, &self.name))?;
        self.precondition.check(&ruleset)?;
        let mut cascade = Cascade::default();
        cascade.delete_all(&dependents);
        Ok(cascade.finish(&ruleset))
    }
}

/// What is wrong with a ruleset's version and rules.
pub(super) fn check(ruleset: &Ruleset) -> Vec<engine::Problem> {
    engine::RuleSet::check(&ruleset.version, &ruleset.rules)
}
