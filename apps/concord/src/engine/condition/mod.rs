//! Conditions: a tree of operators, read from JSON once and then evaluated without looking at it again.
//!
//! Pairwise and cluster conditions have the same shape and the same rules for `all`, `any` and `not` and for
//! malformed content; they differ in their leaves. So the tree is generic: [`Operators`] names and reads the leaves,
//! [`Test`] answers one that is bound to the columns of a catalogue.

mod config;
mod evaluate;
mod read;

pub(crate) use config::{Config, Field, Unusable, is_falsy};
pub(crate) use evaluate::Test;
pub(crate) use read::{Operators, read};

use super::value::Text;

/// Conditions nested deeper than this are malformed, so that no walk can exhaust the stack.
pub(crate) const MAX_DEPTH: usize = 64;

/// A condition with leaves of one family.
#[derive(Debug)]
pub(crate) enum Condition<L> {
    Leaf(L),
    /// An operator that cannot work with its config: false, always for the same reason.
    Unusable(Text),
    All(Group<L>),
    Any(Group<L>),
    Not(Box<Condition<L>>),
}

/// The members of an `all` or `any`, in order.
#[derive(Debug)]
pub(crate) struct Group<L> {
    pub(crate) members: Box<[Condition<L>]>,
    /// The reason why the group is false as soon as the evaluation gets behind its last member: the member that
    /// stood there is malformed. Members behind that one were never reached, and are not kept.
    pub(crate) broken: Option<Text>,
}

impl<L> Condition<L> {
    /// The same tree with every leaf replaced.
    pub(crate) fn map<B>(&self, bind: &mut impl FnMut(&L) -> B) -> Condition<B> {
        match self {
            Self::Leaf(leaf) => Condition::Leaf(bind(leaf)),
            Self::Unusable(reason) => Condition::Unusable(reason.clone()),
            Self::All(group) => Condition::All(group.map(bind)),
            Self::Any(group) => Condition::Any(group.map(bind)),
            Self::Not(inner) => Condition::Not(Box::new(inner.map(bind))),
        }
    }
}

impl<L> Group<L> {
    fn map<B>(&self, bind: &mut impl FnMut(&L) -> B) -> Group<B> {
        let members = self.members.iter().map(|member| member.map(bind)).collect();
        Group { members, broken: self.broken.clone() }
    }
}
