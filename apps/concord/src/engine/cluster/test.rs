//! A cluster operator bound to its column.

use std::sync::Arc;

use crate::engine::catalogue::{Catalogue, Column, MISSING};
use crate::engine::condition::{Field, Test};
use crate::engine::rules::{ClusterLeaf, CountBounds, Limit};
use crate::engine::value::{Exact, Style, Text, text};

/// The attribute that `formality_range` looks at.
const FORMALITY: &str = "formality";

/// A cluster operator bound to its column.
#[derive(Debug)]
pub(super) struct ClusterTest {
    pub(super) field: Text,
    pub(super) column: Arc<Column>,
    pub(super) operator: Operator,
}

#[derive(Debug)]
pub(super) enum Operator {
    UniqueValues,
    /// The class of the configured value, [`MISSING`] if no item has it; and the value as reasons show it.
    HasItemWith(u32, Text),
    CountByField(CountBounds),
    /// The catalogue, for the id of an item whose formality is not a number.
    FormalityRange(Limit, Arc<Catalogue>),
}

/// How many values there are, and how many different ones.
pub(super) struct Count {
    pub(super) present: usize,
    pub(super) distinct: usize,
}

/// The formality of several items.
pub(super) enum Formality {
    /// No item has one.
    None,
    /// The first item whose formality is not a number.
    Invalid(usize),
    Range(f64, f64),
}

/// Classes below this are counted in a bitset on the stack.
const FEW_CLASSES: usize = 256;

impl ClusterTest {
    pub(super) fn bind(leaf: &ClusterLeaf, catalogue: &Arc<Catalogue>) -> Self {
        let column = |field: &Field| catalogue.column(field.key.as_deref());
        let (field, operator) = match leaf {
            ClusterLeaf::UniqueValues(field) => (field, Operator::UniqueValues),
            ClusterLeaf::HasItemWith(field, value) => {
                let class = column(field).class_of(value).unwrap_or(MISSING);
                (field, Operator::HasItemWith(class, Text::new(text(value))))
            }
            ClusterLeaf::CountByField(field, bounds) => (field, Operator::CountByField(bounds.clone())),
            ClusterLeaf::FormalityRange(max) => {
                let field = Text::new(FORMALITY);
                let operator = Operator::FormalityRange(max.clone(), Arc::clone(catalogue));
                return Self { field, column: catalogue.column(Some(FORMALITY)), operator };
            }
        };
        Self { field: field.text.clone(), column: column(field), operator }
    }

    /// Counts the values of the rows.
    ///
    /// # Errors
    ///
    /// The Python type of a value that cannot be a member of a set.
    pub(super) fn count(&self, rows: &[usize]) -> Result<Count, &'static str> {
        if let Some(kind) = rows.iter().find_map(|&row| self.column.unhashable(row)) {
            return Err(kind);
        }
        let classes = rows.iter().map(|&row| self.column.class(row)).filter(|class| *class != MISSING);
        let mut seen = [0_u64; FEW_CLASSES / 64];
        let mut many = Vec::new();
        let mut present = 0;
        for class in classes {
            present += 1;
            match seen.get_mut(class as usize / 64) {
                Some(word) => *word |= 1 << (class % 64),
                None => many.push(class),
            }
        }
        many.sort_unstable();
        many.dedup();
        let few: u32 = seen.iter().map(|word| word.count_ones()).sum();
        Ok(Count { present, distinct: few as usize + many.len() })
    }

    /// How many rows have the class of the configured value.
    pub(super) fn matching(&self, class: u32, rows: &[usize]) -> usize {
        if class == MISSING { 0 } else { rows.iter().filter(|&&row| self.column.class(row) == class).count() }
    }

    pub(super) fn formality(&self, rows: &[usize]) -> Formality {
        let mut range = None;
        for &row in rows.iter().filter(|&&row| !self.column.is_missing(row)) {
            let Some(number) = self.column.number(row) else {
                return Formality::Invalid(row);
            };
            // Not `f64::min`: a comparison with NaN is false, and the first value stays.
            let (low, high) = range.unwrap_or((number, number));
            range =
                Some((if number < low { number } else { low }, if number > high { number } else { high }));
        }
        range.map_or(Formality::None, |(low, high)| Formality::Range(low, high))
    }
}

impl CountBounds {
    /// Whether the count is at least the lower bound; false if that is not a number.
    pub(super) fn enough(&self, count: usize) -> bool {
        let count = Exact::Integer(count as i128);
        self.min.as_ref().is_none_or(|min| min.value.is_ok_and(|min| count.compare(min).is_ge()))
    }

    /// Whether the count is at most the upper bound; false if that is not a number.
    pub(super) fn not_too_many(&self, count: usize) -> bool {
        let count = Exact::Integer(count as i128);
        self.max.as_ref().is_none_or(|max| max.value.is_ok_and(|max| count.compare(max).is_le()))
    }
}

impl Test for ClusterTest {
    type Place<'a> = &'a [usize];

    const NOT: [&'static str; 2] = ["NOT (", ")"];

    fn holds(&self, rows: &[usize]) -> bool {
        match &self.operator {
            Operator::UniqueValues => self.count(rows).is_ok_and(|count| count.distinct == count.present),
            Operator::HasItemWith(class, _) => self.matching(*class, rows) > 0,
            Operator::CountByField(bounds) => self.count(rows).is_ok_and(|count| {
                count.present > 0 && bounds.enough(count.distinct) && bounds.not_too_many(count.distinct)
            }),
            Operator::FormalityRange(max, _) => match self.formality(rows) {
                Formality::None => true,
                Formality::Invalid(_) => false,
                Formality::Range(low, high) => max.value.is_some_and(|max| high - low <= max),
            },
        }
    }

    fn explain<S: Style>(&self, rows: &[usize], out: &mut String) {
        self.explain_rows::<S>(rows, out);
    }
}
