//! Rules and rulesets, pairwise and for clusters: read once, in the order in which they are evaluated.

mod cluster;
mod pairwise;
mod rule;

pub(super) use cluster::{ClusterLeaf, CountBounds};
pub(super) use pairwise::{Limit, PairLeaf};
pub(super) use rule::{Rule, RuleKind};

use serde_json::Value;

use self::cluster::ClusterOperators;
use self::pairwise::PairOperators;
use self::rule::{RuleFamily, read_rules};
use super::content::{ContentError, check_version};
use super::problem::Problem;

/// A pairwise ruleset, read once. Only enabled exclusions and requirements are kept, exclusions first.
#[derive(Debug)]
pub struct RuleSet {
    pub(super) name: Box<str>,
    pub(super) rules: Vec<Rule<PairLeaf>>,
}

/// A cluster ruleset, read once. Only enabled rules are kept, exclusions first.
#[derive(Debug)]
pub struct ClusterRuleSet {
    pub(super) name: Box<str>,
    pub(super) rules: Vec<Rule<ClusterLeaf>>,
}

impl RuleSet {
    /// Reads a pairwise ruleset. Malformed conditions are not errors here: their rules fail or are false, each with
    /// its reason.
    ///
    /// # Errors
    ///
    /// A version that is not three numbers, or rules without the fields that a rule needs.
    pub fn compile(name: &str, version: &str, rules: &[Value]) -> Result<Self, ContentError> {
        let mut problems = Vec::new();
        check_version(version, &mut problems);
        let rules = read_rules::<PairOperators>(rules, PAIRWISE, &mut problems, &mut Vec::new());
        if problems.is_empty() {
            return Ok(Self { name: name.into(), rules });
        }
        Err(ContentError { kind: "RuleSet", name: name.into(), problems })
    }

    /// What is wrong with a ruleset that is about to be stored, malformed conditions included. Empty if nothing is.
    pub fn check(version: &str, rules: &[Value]) -> Vec<Problem> {
        let mut problems = Vec::new();
        check_version(version, &mut problems);
        check_rules::<PairOperators>(rules, PAIRWISE, problems)
    }

    /// The ruleset's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl ClusterRuleSet {
    /// Reads a cluster ruleset. Its version may be any string.
    ///
    /// # Errors
    ///
    /// Rules without the fields that a rule needs.
    pub fn compile(name: &str, rules: &[Value]) -> Result<Self, ContentError> {
        let mut problems = Vec::new();
        let rules = read_rules::<ClusterOperators>(rules, CLUSTER, &mut problems, &mut Vec::new());
        if problems.is_empty() {
            return Ok(Self { name: name.into(), rules });
        }
        Err(ContentError { kind: "ClusterRuleSet", name: name.into(), problems })
    }

    /// What is wrong with a cluster ruleset that is about to be stored, malformed conditions included. Empty if
    /// nothing is. A rule with the empty condition `{}` is accepted: clients store it, and it always fails.
    pub fn check(rules: &[Value]) -> Vec<Problem> {
        check_rules::<ClusterOperators>(rules, CLUSTER, Vec::new())
    }

    /// The ruleset's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

const PAIRWISE: RuleFamily = RuleFamily { custom: true, plain_names: true, empty_condition: false };
const CLUSTER: RuleFamily = RuleFamily { custom: false, plain_names: false, empty_condition: true };

fn check_rules<O: super::condition::Operators>(
    rules: &[Value],
    family: RuleFamily,
    mut problems: Vec<Problem>,
) -> Vec<Problem> {
    let mut malformed = Vec::new();
    read_rules::<O>(rules, family, &mut problems, &mut malformed);
    problems.append(&mut malformed);
    problems
}

#[cfg(test)]
mod tests;
