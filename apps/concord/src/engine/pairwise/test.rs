//! A pairwise operator bound to its column.

use std::sync::Arc;

use crate::engine::catalogue::{Catalogue, Column, Cover, MISSING};
use crate::engine::condition::{Field, Test};
use crate::engine::rules::{Limit, PairLeaf};
use crate::engine::value::{Style, Text, text};

/// A pairwise operator bound to its column.
#[derive(Debug)]
pub(crate) struct PairTest {
    pub(super) field: Text,
    pub(super) column: Arc<Column>,
    pub(super) operator: Operator,
}

#[derive(Debug)]
pub(super) enum Operator {
    Equals,
    HasDifferent,
    AbsDiff(Limit),
    /// The class of the configured value, [`MISSING`] if no item has it; and the value as reasons show it.
    AnyEquals(u32, Text),
    AnyMissing,
    PartLayerConflict,
}

impl PairTest {
    pub(crate) fn bind(leaf: &PairLeaf, catalogue: &Catalogue) -> Self {
        let column = |field: &Field| catalogue.column(field.key.as_deref());
        let (field, operator) = match leaf {
            PairLeaf::Equals(field) => (field, Operator::Equals),
            PairLeaf::HasDifferent(field) => (field, Operator::HasDifferent),
            PairLeaf::AbsDiff(field, max) => (field, Operator::AbsDiff(max.clone())),
            PairLeaf::AnyEquals(field, value) => {
                let class = column(field).class_of(value).unwrap_or(MISSING);
                (field, Operator::AnyEquals(class, Text::new(text(value))))
            }
            PairLeaf::AnyMissing(field) => (field, Operator::AnyMissing),
            PairLeaf::PartLayerConflict(field) => (field, Operator::PartLayerConflict),
        };
        Self { field: field.text.clone(), column: column(field), operator }
    }

    /// Whether both rows have a value, and the values are equal.
    fn equal(&self, (a, b): (usize, usize)) -> bool {
        let class = self.column.class(a);
        class != MISSING && class == self.column.class(b)
    }

    pub(super) fn any_missing(&self, (a, b): (usize, usize)) -> bool {
        self.column.is_missing(a) || self.column.is_missing(b)
    }

    /// The row's value read as parts on layers, if it is there and can be.
    pub(super) fn cover(&self, row: usize) -> Option<&Cover> {
        self.column.layers().cover(self.column.spelling_index(row)?).ok()
    }
}

impl Test for PairTest {
    type Place<'a> = (usize, usize);

    const NOT: [&'static str; 2] = ["NOT ", ""];

    fn holds(&self, at @ (a, b): (usize, usize)) -> bool {
        match &self.operator {
            Operator::Equals => self.equal(at),
            Operator::HasDifferent => !self.equal(at),
            Operator::AbsDiff(max) => {
                let numbers = self.column.numbers();
                max.value.is_some_and(|max| (numbers[a] - numbers[b]).abs() <= max)
            }
            Operator::AnyEquals(class, _) => {
                *class != MISSING && (self.column.class(a) == *class || self.column.class(b) == *class)
            }
            Operator::AnyMissing => self.any_missing(at),
            Operator::PartLayerConflict => match (self.cover(a), self.cover(b)) {
                (Some(ours), Some(theirs)) => ours.conflicts(theirs),
                _ => false,
            },
        }
    }

    fn explain<S: Style>(&self, at: (usize, usize), out: &mut String) {
        self.explain_pair::<S>(at, out);
    }
}
