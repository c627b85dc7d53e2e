//! What a comparison of two items answers.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The result for one pair, with its fields in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ComparisonResult {
    /// The first item.
    pub item1_id: String,
    /// The second item.
    pub item2_id: String,
    /// Whether no rule failed.
    pub compatible: bool,
    /// Every enabled rule: exclusions first, then requirements, each in the order of the ruleset.
    pub rules_evaluated: Vec<RuleEvaluation>,
    /// By which rules, and for which schema.
    pub metadata: Comparison,
    /// When, in UTC with offset.
    pub evaluated_at: String,
}

/// By which rules items were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Comparison {
    /// The pairwise ruleset.
    pub ruleset_name: String,
    /// The schema of the catalogue.
    pub schema_name: String,
}

/// What one rule said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleEvaluation {
    /// The rule's name.
    pub rule_name: String,
    /// Whether it passed.
    pub passed: bool,
    /// Why.
    pub reason: String,
}

/// A timestamp as the API writes it: UTC, microseconds, with offset.
pub(crate) fn timestamp_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
