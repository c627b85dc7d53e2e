//! Whether a condition holds, and why.

use super::{Condition, Group};
use crate::engine::value::{Style, Text};

/// A leaf that can be answered.
pub(crate) trait Test {
    /// What it is asked about: two rows, or a list of rows.
    type Place<'a>: Copy;
    /// What stands around the inner reason of a `not`.
    const NOT: [&'static str; 2];

    /// Whether the leaf holds. Allocates nothing.
    fn holds(&self, at: Self::Place<'_>) -> bool;

    /// Appends the reason why it holds or does not.
    fn explain<S: Style>(&self, at: Self::Place<'_>, out: &mut String);
}

impl<L: Test> Condition<L> {
    /// Whether the condition holds. Allocates nothing.
    pub(crate) fn holds(&self, at: L::Place<'_>) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.holds(at),
            Self::Unusable(_) => false,
            Self::All(group) => group.broken.is_none() && group.members.iter().all(|member| member.holds(at)),
            Self::Any(group) => group.members.iter().any(|member| member.holds(at)),
            Self::Not(inner) => !inner.holds(at),
        }
    }

    /// Appends the reason why the condition holds or does not.
    pub(crate) fn explain<S: Style>(&self, at: L::Place<'_>, out: &mut String) {
        match self {
            Self::Leaf(leaf) => leaf.explain::<S>(at, out),
            Self::Unusable(reason) => out.push_str(S::pick(reason)),
            Self::All(group) => group.explain_all::<S>(at, out),
            Self::Any(group) => group.explain_any::<S>(at, out),
            Self::Not(inner) => {
                out.push_str(L::NOT[0]);
                inner.explain::<S>(at, out);
                out.push_str(L::NOT[1]);
            }
        }
    }
}

impl<L: Test> Group<L> {
    fn explain_all<S: Style>(&self, at: L::Place<'_>, out: &mut String) {
        if let Some(failing) = self.members.iter().find(|member| !member.holds(at)) {
            out.push_str("AND failed: ");
            failing.explain::<S>(at, out);
        } else {
            out.push_str(
                self.broken.as_ref().map_or("All conditions passed", |reason: &Text| S::pick(reason)),
            );
        }
    }

    fn explain_any<S: Style>(&self, at: L::Place<'_>, out: &mut String) {
        if let Some(holding) = self.members.iter().find(|member| member.holds(at)) {
            out.push_str("OR succeeded: ");
            holding.explain::<S>(at, out);
        } else if let Some(reason) = &self.broken {
            out.push_str(S::pick(reason));
        } else {
            out.push_str("All OR conditions failed: ");
            for (index, member) in self.members.iter().enumerate() {
                if index > 0 {
                    out.push_str("; ");
                }
                member.explain::<S>(at, out);
            }
        }
    }
}
