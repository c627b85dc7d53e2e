//! What questions about clusters answer.

use schemars::JsonSchema;
use serde::Serialize;

use super::Truncation;
use crate::engine::pairwise::RuleEvaluation;

/// Whether some items make a good cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClusterValidation {
    /// The items, in the order given.
    pub item_ids: Vec<String>,
    /// Whether no rule failed.
    pub is_valid: bool,
    /// The rules up to the first that failed: exclusions first, then requirements.
    pub rule_evaluations: Vec<RuleEvaluation>,
}

/// Which items could join a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CandidateReport {
    /// What the cluster rules say about the base alone. An empty base is never valid.
    pub base_validation: ClusterValidation,
    /// The candidates, in the order given or in storage order.
    pub candidates: Vec<Candidate>,
}

/// One item that could join a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Candidate {
    /// The item.
    pub item_id: String,
    /// Whether it goes together with every item of the base.
    pub is_pairwise_compatible: bool,
    /// What the cluster rules say about the base and this item, whether or not they go together in pairs.
    pub cluster_if_added: ClusterValidation,
}

/// The clusters that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClusterSearch {
    /// The clusters, largest first; among equals in storage order.
    pub clusters: Vec<FoundCluster>,
    /// Whether there may be more clusters than these.
    pub truncated: bool,
    /// What kept the search from being complete.
    pub truncated_by: Option<Truncation>,
}

/// A set of items that all go together, satisfy the cluster rules, and are in no larger such set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundCluster {
    /// The items, in storage order.
    pub item_ids: Vec<String>,
    /// How many there are.
    pub size: usize,
}
