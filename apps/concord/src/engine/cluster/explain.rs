//! Why a cluster operator holds or does not. Clients rely on every word of these texts.

use std::fmt::Write as _;

use super::test::{ClusterTest, Count, Formality, Operator};
use crate::engine::catalogue::Catalogue;
use crate::engine::rules::{CountBounds, Limit};
use crate::engine::value::{Style, Text};

impl ClusterTest {
    pub(super) fn explain_rows<S: Style>(&self, rows: &[usize], out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match &self.operator {
            Operator::UniqueValues => self.explain_unique::<S>(rows, out),
            Operator::HasItemWith(class, value) => {
                let (field, value) = (S::pick(&self.field), S::pick(value));
                match self.matching(*class, rows) {
                    0 => write!(out, "No items with {field}='{value}'"),
                    count => write!(out, "Found {count} item(s) with {field}='{value}'"),
                }
            }
            Operator::CountByField(bounds) => self.explain_count::<S>(bounds, rows, out),
            Operator::FormalityRange(max, catalogue) => {
                self.explain_formality::<S>(max, catalogue, rows, out)
            }
        };
    }

    fn explain_unique<S: Style>(&self, rows: &[usize], out: &mut String) -> std::fmt::Result {
        let field = S::pick(&self.field);
        match self.count(rows) {
            Err(kind) => write!(out, "Error evaluating unique_values: unhashable type: '{kind}'"),
            Ok(Count { present: 0, .. }) => write!(out, "No {field} values to check"),
            Ok(Count { present, distinct }) if present == distinct => {
                write!(out, "All {present} {field} values are unique")
            }
            Ok(Count { present, distinct }) => {
                write!(out, "Found {} duplicate {field} value(s)", present - distinct)
            }
        }
    }

    fn explain_count<S: Style>(
        &self,
        bounds: &CountBounds,
        rows: &[usize],
        out: &mut String,
    ) -> std::fmt::Result {
        let field = S::pick(&self.field);
        let distinct = match self.count(rows) {
            Err(kind) => return write!(out, "Error evaluating count_by_field: unhashable type: '{kind}'"),
            Ok(Count { present: 0, .. }) => return write!(out, "No {field} values to count"),
            Ok(Count { distinct, .. }) => distinct,
        };
        if let Some(min) = bounds.min.as_ref().filter(|_| !bounds.enough(distinct)) {
            return match min.value {
                Ok(_) => {
                    write!(out, "Only {distinct} distinct {field} value(s) (need {})", S::pick(&min.text))
                }
                Err(kind) => write!(out, "Error evaluating count_by_field: min must be a number, got {kind}"),
            };
        }
        match bounds.max.as_ref().filter(|_| !bounds.not_too_many(distinct)) {
            None => write!(out, "{distinct} distinct {field} value(s)"),
            Some(max) => match max.value {
                Ok(_) => {
                    write!(out, "Too many distinct {field} values ({distinct}, max {})", S::pick(&max.text))
                }
                Err(kind) => write!(out, "Error evaluating count_by_field: max must be a number, got {kind}"),
            },
        }
    }

    fn explain_formality<S: Style>(
        &self,
        max: &Limit,
        catalogue: &Catalogue,
        rows: &[usize],
        out: &mut String,
    ) -> std::fmt::Result {
        let (low, high) = match self.formality(rows) {
            Formality::None => return out.write_str("No formality values to check"),
            Formality::Invalid(row) => {
                let value = self.column.text(row).map_or("None", |text: &Text| S::pick(text));
                let id = S::pick(catalogue.id_text(row));
                return write!(out, "Invalid formality value for {id}: {value}");
            }
            Formality::Range(low, high) => (low, high),
        };
        let Some(limit) = max.value else {
            return out.write_str("Error evaluating formality_range: max_diff must be a number");
        };
        let difference = high - low;
        let (open, close) = if difference <= limit { (", max=", ")") } else { (" exceeds max ", ")") };
        out.write_str("Formality range ")?;
        push_whole(low, out)?;
        out.write_char('-')?;
        push_whole(high, out)?;
        out.write_str(" (diff=")?;
        push_whole(difference, out)?;
        write!(out, "{open}{}{close}", S::pick(&max.text))
    }
}

/// A number without decimals, halves rounded to even.
fn push_whole(number: f64, out: &mut String) -> std::fmt::Result {
    if number.is_nan() { out.write_str("nan") } else { write!(out, "{number:.0}") }
}
