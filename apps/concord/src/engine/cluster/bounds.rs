//! What a rule says about all sets between a smaller and a larger one, without looking at each.
//!
//! This is what lets a search cut off whole branches. The smaller set is what is chosen already; the larger one is that
//! and everything that could still join, or nothing is known of it.

use super::test::{ClusterTest, Operator};
use crate::engine::condition::{Condition, Test as _};
use crate::engine::rules::{Rule, RuleKind};

/// All sets that contain `smallest`, and are contained in `largest` if there is one.
#[derive(Clone, Copy)]
pub(super) struct Between<'a> {
    pub(super) smallest: &'a [usize],
    pub(super) largest: Option<&'a [usize]>,
}

impl Rule<ClusterTest> {
    /// Whether the rule passes for all of the sets, or for none; `None` if that is not known.
    pub(super) fn between(&self, sets: Between<'_>) -> Option<bool> {
        match &self.condition {
            Ok(condition) => {
                condition.between(sets).map(|holds| holds == (self.kind == RuleKind::Requirement))
            }
            Err(_) => Some(false),
        }
    }

    /// Whether the rule passes for a set if and only if it passes for each of its pairs and each of its items.
    pub(super) fn is_decided_by_pairs(&self) -> bool {
        match &self.condition {
            Ok(condition) => condition.is_decided_by_pairs(self.kind == RuleKind::Requirement),
            Err(_) => false,
        }
    }
}

impl Condition<ClusterTest> {
    fn between(&self, sets: Between<'_>) -> Option<bool> {
        match self {
            Self::Leaf(test) => test.between(sets),
            Self::Unusable(_) => Some(false),
            Self::All(group) if group.broken.is_some() => Some(false),
            Self::All(group) => any_is(false, &group.members, sets).map(|found| !found),
            Self::Any(group) => any_is(true, &group.members, sets),
            Self::Not(inner) => inner.between(sets).map(|holds| !holds),
        }
    }

    /// Whether the condition is `wanted` for a set if and only if it is for each of its pairs and each of its items.
    fn is_decided_by_pairs(&self, wanted: bool) -> bool {
        match self {
            Self::Leaf(test) => match test.operator {
                Operator::UniqueValues => wanted,
                // Without the NaN, a range is as wide as its widest pair.
                Operator::FormalityRange(..) => wanted && !test.column.has_nan(),
                Operator::HasItemWith(..) => !wanted,
                Operator::CountByField(_) => false,
            },
            Self::Unusable(_) => !wanted,
            Self::All(group) => {
                wanted
                    && group.broken.is_none()
                    && group.members.iter().all(|member| member.is_decided_by_pairs(true))
            }
            Self::Any(group) => {
                !wanted && group.members.iter().all(|member| member.is_decided_by_pairs(false))
            }
            Self::Not(inner) => inner.is_decided_by_pairs(!wanted),
        }
    }
}

/// Whether some member is `wanted` for all sets; `Some(false)` if each is the opposite for all.
fn any_is(wanted: bool, members: &[Condition<ClusterTest>], sets: Between<'_>) -> Option<bool> {
    let mut known = true;
    for member in members {
        match member.between(sets) {
            Some(holds) if holds == wanted => return Some(true),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

impl ClusterTest {
    fn between(&self, Between { smallest, largest }: Between<'_>) -> Option<bool> {
        match &self.operator {
            // With a NaN, a range depends on the order of the items.
            Operator::FormalityRange(..) if self.column.has_nan() => None,
            // Once false, these stay false whatever joins.
            Operator::UniqueValues | Operator::FormalityRange(..) => {
                if !self.holds(smallest) {
                    return Some(false);
                }
                largest.filter(|largest| self.holds(largest)).map(|_| true)
            }
            // Once true, this stays true whatever joins.
            Operator::HasItemWith(..) => {
                if self.holds(smallest) {
                    return Some(true);
                }
                largest.filter(|largest| !self.holds(largest)).map(|_| false)
            }
            Operator::CountByField(bounds) => {
                // The count grows from that of the smallest set to that of the largest. A value that cannot be
                // counted makes the condition false, and never leaves again.
                let Ok(least) = self.count(smallest) else {
                    return Some(false);
                };
                if !bounds.not_too_many(least.distinct) {
                    return Some(false);
                }
                let Ok(most) = self.count(largest?) else {
                    return None;
                };
                if most.present == 0 || !bounds.enough(most.distinct) {
                    return Some(false);
                }
                let holds =
                    least.present > 0 && bounds.enough(least.distinct) && bounds.not_too_many(most.distinct);
                holds.then_some(true)
            }
        }
    }
}
