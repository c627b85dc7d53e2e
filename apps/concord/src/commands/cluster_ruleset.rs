//! Commands on cluster rulesets.

use mainstay_db::DbError;
use serde_json::Value;

use super::decision::{
    Cascade, Changes, Command, Decision, Deleted, DomainError, Precondition, Strictness, Written,
    check_bounds,
};
use crate::domain::{ClusterRuleset, Kind, Name, Ruleset, Schema, Slot, Stored};
use crate::engine;
use crate::read::Snapshot;

/// Creates a cluster ruleset.
#[derive(Clone, Debug)]
pub struct CreateClusterRuleset {
    /// The cluster ruleset.
    pub ruleset: ClusterRuleset,
    /// How its rules are judged.
    pub strictness: Strictness,
}

/// Changes a cluster ruleset: what is given replaces what is stored. What it refers to stays.
#[derive(Clone, Debug)]
pub struct ChangeClusterRuleset {
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
    /// How new rules are judged.
    pub strictness: Strictness,
}

/// Deletes a cluster ruleset.
#[derive(Clone, Debug)]
pub struct DeleteClusterRuleset {
    /// Its name.
    pub name: Name,
    /// What the client has seen.
    pub precondition: Precondition,
}

/// What the creation of a cluster ruleset must know.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterRulesetSurroundings {
    /// Its name, and what is there.
    pub slot: Slot<ClusterRuleset>,
    /// The schema that it names.
    pub schema: Option<Stored<Schema>>,
    /// The pairwise ruleset that it names.
    pub pairwise_ruleset: Option<Stored<Ruleset>>,
}

impl Command for CreateClusterRuleset {
    type State = ClusterRulesetSurroundings;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let ClusterRuleset { name, schema_name, pairwise_ruleset_name, .. } = &self.ruleset;
        Ok(ClusterRulesetSurroundings {
            slot: snapshot.slot(name).await?,
            schema: snapshot.find(schema_name).await?,
            pairwise_ruleset: snapshot.find(pairwise_ruleset_name).await?,
        })
    }

    fn decide(&self, state: Self::State) -> Result<Decision<Written>, DomainError> {
        let last = state.slot.vacant()?;
        let mut ruleset = self.ruleset.clone();
        let schema =
            state.schema.ok_or_else(|| DomainError::not_found(Kind::Schema, &ruleset.schema_name))?;
        let pairwise = state.pairwise_ruleset.ok_or_else(|| DomainError::PairwiseRulesetNotFound {
            name: ruleset.pairwise_ruleset_name.clone(),
        })?;
        let verdict = self.strictness.judge::<ClusterRuleset>(check(&ruleset), Vec::new())?;
        ruleset.invalid = verdict.invalid;
        check_bounds(&ruleset)?;
        let changes = Changes::none().create(last, ruleset).rests_on(&schema).rests_on(&pairwise);
        Ok(Decision { changes, outcome: Written::with(verdict.warnings) })
    }
}

impl Command for ChangeClusterRuleset {
    type State = Option<Stored<ClusterRuleset>>;
    type Outcome = Written;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Written>, DomainError> {
        let stored = stored.ok_or_else(|| DomainError::not_found(Kind::ClusterRuleset, &self.name))?;
        self.precondition.check(&stored)?;
        let mut ruleset = stored.content.clone();
        if let Some(version) = &self.version {
            ruleset.version.clone_from(version);
        }
        if self.description.is_some() {
            ruleset.description.clone_from(&self.description);
        }
        let mut outcome = Written::default();
        if let Some(rules) = &self.rules {
            ruleset.rules.clone_from(rules);
            let verdict = self.strictness.judge::<ClusterRuleset>(check(&ruleset), Vec::new())?;
            ruleset.invalid = verdict.invalid;
            outcome = Written::with(verdict.warnings);
        }
        check_bounds(&ruleset)?;
        Ok(Decision { changes: Changes::none().change(&stored, ruleset), outcome })
    }
}

impl Command for DeleteClusterRuleset {
    type State = Option<Stored<ClusterRuleset>>;
    type Outcome = Deleted;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.find(&self.name).await
    }

    fn decide(&self, stored: Self::State) -> Result<Decision<Deleted>, DomainError> {
        let stored = stored.ok_or_else(|| DomainError::not_found(Kind::ClusterRuleset, &self.name))?;
        self.precondition.check(&stored)?;
        Ok(Cascade::default().finish(&stored))
    }
}

/// What is wrong with a cluster ruleset's rules.
pub(super) fn check(ruleset: &ClusterRuleset) -> Vec<engine::Problem> {
    engine::ClusterRuleSet::check(&ruleset.rules)
}
