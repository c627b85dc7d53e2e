//! Whether two items go together.

mod explain;
mod result;
mod row;
mod test;

use std::sync::Arc;

use jiff::Timestamp;

pub(super) use self::result::timestamp_text;
pub use self::result::{Comparison, ComparisonResult, RuleEvaluation};
pub(super) use self::row::{Scratch, WORD};
pub(super) use self::test::PairTest;
use super::catalogue::{Catalogue, Row};
use super::error::EvaluationError;
use super::rules::{Rule, RuleSet};
use super::value::Plain;

/// A ruleset bound to the columns of a catalogue: answers for pairs, rows and whole matrices. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Pairwise {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) ruleset: Arc<RuleSet>,
    pub(super) rules: Arc<[Rule<PairTest>]>,
}

impl Pairwise {
    /// Binds a ruleset to a catalogue. Fields that no item has are missing everywhere.
    pub fn new(catalogue: Arc<Catalogue>, ruleset: Arc<RuleSet>) -> Self {
        let mut bind = |leaf: &_| PairTest::bind(leaf, &catalogue);
        let rules = ruleset.rules.iter().map(|rule| rule.map(&mut bind)).collect();
        Self { catalogue, ruleset, rules }
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The ruleset.
    pub fn ruleset(&self) -> &Arc<RuleSet> {
        &self.ruleset
    }

    /// Compares two items, which may be the same, and reports every enabled rule.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if either does not fit its schema.
    pub fn compare(
        &self,
        item1: Row,
        item2: Row,
        at: Timestamp,
    ) -> Result<ComparisonResult, EvaluationError> {
        self.catalogue.check([item1, item2])?;
        let at_pair = (item1.0, item2.0);
        let rules_evaluated: Vec<RuleEvaluation> =
            self.rules.iter().map(|rule| RuleEvaluation::of(rule, at_pair)).collect();
        Ok(ComparisonResult {
            item1_id: self.catalogue.id(item1).into(),
            item2_id: self.catalogue.id(item2).into(),
            compatible: rules_evaluated.iter().all(|rule| rule.passed),
            rules_evaluated,
            metadata: Comparison {
                ruleset_name: self.ruleset.name().into(),
                schema_name: self.catalogue.schema_name().into(),
            },
            evaluated_at: timestamp_text(at),
        })
    }

    /// Whether no rule fails. Says nothing about whether the items fit their schema.
    pub(super) fn compatible(&self, item1: usize, item2: usize) -> bool {
        self.rules.iter().all(|rule| rule.passes((item1, item2)))
    }
}

impl RuleEvaluation {
    pub(super) fn of<L: super::condition::Test>(rule: &Rule<L>, at: L::Place<'_>) -> Self {
        let mut reason = String::new();
        rule.explain::<Plain>(at, &mut reason);
        Self { rule_name: rule.name.plain().into(), passed: rule.passes(at), reason }
    }
}
