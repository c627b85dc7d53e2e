//! Whether several items make a good cluster, which could join one, and which clusters there are.

mod bounds;
mod candidates;
mod explain;
mod graph;
mod report;
mod search;
mod test;

use std::sync::Arc;

pub use self::report::{Candidate, CandidateReport, ClusterSearch, ClusterValidation, FoundCluster};
pub use self::search::{SearchOptions, Truncation};
use self::test::ClusterTest;
use super::catalogue::Row;
use super::error::EvaluationError;
use super::pairwise::{Pairwise, RuleEvaluation};
use super::rules::{ClusterRuleSet, Rule};

/// A cluster ruleset, and the pairwise one beside it, bound to the columns of a catalogue. Cloning is cheap.
///
/// ```
/// use std::sync::Arc;
///
/// use concord::engine::{Catalogue, ClusterRuleSet, Clusters, Item, Pairwise, RuleSet, Validation};
/// use serde_json::json;
///
/// let attributes = json!({"season": "summer"});
/// let attributes = attributes.as_object().unwrap();
/// let items = ["a", "b"].map(|id| Item { id, name: id, attributes });
/// let catalogue = Arc::new(Catalogue::compile("wardrobe", Validation::Off("clothes"), &items));
/// let pairwise = Pairwise::new(catalogue, Arc::new(RuleSet::compile("none", "1.0.0", &[])?));
///
/// let rule = json!({"name": "unique", "type": "requirement", "condition": {"unique_values": {"field": "season"}}});
/// let clusters = Clusters::new(pairwise.clone(), &ClusterRuleSet::compile("outfit", &[rule])?);
/// let rows: Vec<_> = pairwise.catalogue().rows().collect();
/// let validation = clusters.validate(&rows)?;
/// assert!(!validation.is_valid);
/// assert_eq!(validation.rule_evaluations[1].reason, "Found 1 duplicate season value(s)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Clusters {
    pairwise: Pairwise,
    rules: Arc<[Rule<ClusterTest>]>,
}

impl Clusters {
    /// Binds a cluster ruleset to the catalogue of a pairwise one.
    pub fn new(pairwise: Pairwise, ruleset: &ClusterRuleSet) -> Self {
        let mut bind = |leaf: &_| ClusterTest::bind(leaf, pairwise.catalogue());
        let rules = ruleset.rules.iter().map(|rule| rule.map(&mut bind)).collect();
        Self { pairwise, rules }
    }

    /// Whether the items all go together and satisfy the cluster rules. The order matters to reasons only; an item
    /// that is given twice is compared with itself.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if any of the items does not fit its schema.
    pub fn validate(&self, items: &[Row]) -> Result<ClusterValidation, EvaluationError> {
        self.pairwise.catalogue.check(items.iter().copied())?;
        let rows = indices(items);
        let incompatible = self.incompatible_pairs(&rows);
        if !incompatible.is_empty() {
            let named: Vec<String> =
                incompatible.iter().map(|&(a, b)| format!("({}, {})", self.id(a), self.id(b))).collect();
            let reason = format!("Incompatible pairs found: {}", named.join(", "));
            return Ok(self.report(&rows, vec![pairwise_entry(false, reason)]));
        }
        let mut entries = vec![pairwise_entry(true, "All pairs are pairwise compatible".into())];
        entries.append(&mut self.evaluate(&rows));
        Ok(self.report(&rows, entries))
    }

    /// The pairs among the items that do not go together, in the order given.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if any of the items does not fit its schema.
    pub fn clashes(&self, items: &[Row]) -> Result<Vec<(Row, Row)>, EvaluationError> {
        self.pairwise.catalogue.check(items.iter().copied())?;
        let pairs = self.incompatible_pairs(&indices(items));
        Ok(pairs.into_iter().map(|(a, b)| (Row(a), Row(b))).collect())
    }

    /// What the cluster rules alone say, whether or not the items go together in pairs.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if any of the items does not fit its schema.
    pub fn validate_rules(&self, items: &[Row]) -> Result<ClusterValidation, EvaluationError> {
        self.pairwise.catalogue.check(items.iter().copied())?;
        let rows = indices(items);
        let entries = self.evaluate(&rows);
        Ok(self.report(&rows, entries))
    }

    fn incompatible_pairs(&self, rows: &[usize]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (index, &a) in rows.iter().enumerate() {
            found.extend(
                rows[index + 1..].iter().map(|&b| (a, b)).filter(|&(a, b)| !self.pairwise.compatible(a, b)),
            );
        }
        found
    }

    /// The cluster rules up to the first that fails.
    fn evaluate(&self, rows: &[usize]) -> Vec<RuleEvaluation> {
        let mut entries = Vec::with_capacity(self.rules.len());
        for rule in self.rules.iter() {
            entries.push(RuleEvaluation::of(rule, rows));
            if entries.last().is_some_and(|entry| !entry.passed) {
                break;
            }
        }
        entries
    }

    fn report(&self, rows: &[usize], rule_evaluations: Vec<RuleEvaluation>) -> ClusterValidation {
        ClusterValidation {
            item_ids: rows.iter().map(|&row| self.id(row).into()).collect(),
            is_valid: rule_evaluations.iter().all(|entry| entry.passed),
            rule_evaluations,
        }
    }

    fn id(&self, row: usize) -> &str {
        self.pairwise.catalogue.id_text(row).plain()
    }
}

fn indices(rows: &[Row]) -> Vec<usize> {
    rows.iter().map(|row| row.0).collect()
}

fn pairwise_entry(passed: bool, reason: String) -> RuleEvaluation {
    RuleEvaluation { rule_name: "pairwise_compatibility".into(), passed, reason }
}
