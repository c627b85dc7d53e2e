//! Why a pairwise operator holds or does not. Clients rely on every word of these texts.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::test::{Operator, PairTest};
use crate::engine::catalogue::{Cover, Layers};
use crate::engine::condition::Test;
use crate::engine::rules::Limit;
use crate::engine::value::{Style, Text};

impl PairTest {
    pub(super) fn explain_pair<S: Style>(&self, at: (usize, usize), out: &mut String) {
        let field = S::pick(&self.field);
        match &self.operator {
            Operator::Equals | Operator::AbsDiff(_) if self.any_missing(at) => push_missing(field, out),
            Operator::HasDifferent if self.any_missing(at) => {
                push_missing(field, out);
                out.push_str(" (treated as different)");
            }
            Operator::Equals | Operator::HasDifferent => self.explain_equality::<S>(at, out),
            Operator::AbsDiff(max) => self.explain_difference::<S>(max, at, out),
            Operator::AnyEquals(_, value) if self.holds(at) => {
                push(out, &["At least one item has ", field, "='", S::pick(value), "'"]);
            }
            Operator::AnyEquals(_, value) => {
                let [a, b] = self.texts::<S>(at);
                push(
                    out,
                    &["Neither item has ", field, "='", S::pick(value), "' (values: '", a, "', '", b, "')"],
                );
            }
            Operator::AnyMissing if self.any_missing(at) => {
                push(out, &["At least one item is missing '", field, "' attribute"]);
            }
            Operator::AnyMissing => push(out, &["Both items have '", field, "' attribute"]),
            Operator::PartLayerConflict => self.explain_layers::<S>(at, out),
        }
    }

    fn texts<S: Style>(&self, (a, b): (usize, usize)) -> [&str; 2] {
        [a, b].map(|row| self.column.text(row).map_or("None", |text: &Text| S::pick(text)))
    }

    fn explain_equality<S: Style>(&self, at: (usize, usize), out: &mut String) {
        let field = S::pick(&self.field);
        let [a, b] = self.texts::<S>(at);
        match (&self.operator, self.column.class(at.0) == self.column.class(at.1)) {
            (_, false) => push(out, &["Different ", field, " values: '", a, "' vs '", b, "'"]),
            (Operator::Equals, true) => push(out, &["Both items have ", field, "='", a, "'"]),
            (_, true) => push(out, &["Same ", field, " value: '", a, "'"]),
        }
    }

    fn explain_difference<S: Style>(&self, max: &Limit, at: (usize, usize), out: &mut String) {
        let field = S::pick(&self.field);
        let (Some(a), Some(b), Some(limit)) = (self.column.number(at.0), self.column.number(at.1), max.value)
        else {
            push(out, &["Cannot compute numeric difference for ", field]);
            return;
        };
        let difference = (a - b).abs();
        push(out, &[field, " difference "]);
        push_tenths(difference, out);
        let verdict = if difference <= limit { " is within threshold " } else { " exceeds threshold " };
        push(out, &[verdict, S::pick(&max.text)]);
    }

    fn explain_layers<S: Style>(&self, (a, b): (usize, usize), out: &mut String) {
        let spellings = self.column.spelling_index(a).zip(self.column.spelling_index(b));
        let Some((ours, theirs)) = spellings else {
            push_missing(S::pick(&self.field), out);
            out.push_str(" (no conflict)");
            return;
        };
        let layers = self.column.layers();
        match (layers.cover(ours), layers.cover(theirs)) {
            (Ok(ours), Ok(theirs)) if ours.conflicts(theirs) => {
                push_conflicts::<S>(layers, ours, theirs, out);
            }
            (Ok(ours), Ok(theirs)) => push_peace::<S>(layers, ours, theirs, out),
            // The message names types only: nothing in it needs escaping.
            (Err(message), _) | (_, Err(message)) => {
                push(out, &["Error evaluating part_layer_conflict: ", message]);
            }
        }
    }
}

fn push_conflicts<S: Style>(layers: &Layers, ours: &Cover, theirs: &Cover, out: &mut String) {
    out.push_str("Layer conflict detected: ");
    let mut expected = None;
    let mut separator = "";
    for (our, their) in ours.shared(theirs) {
        let part = S::pick(layers.part(our.part));
        let direction = match our.height.cmp(&their.height) {
            Ordering::Equal => {
                push(out, &[separator, part, ": both at layer ", &our.layer]);
                separator = "; ";
                continue;
            }
            Ordering::Greater => "over",
            Ordering::Less => "under",
        };
        let expected = *expected.get_or_insert(direction);
        if direction != expected {
            push(
                out,
                &[
                    separator,
                    part,
                    ": inconsistent phasing (item1 ",
                    direction,
                    " item2, expected ",
                    expected,
                    ")",
                ],
            );
            separator = "; ";
        }
    }
}

fn push_peace<S: Style>(layers: &Layers, ours: &Cover, theirs: &Cover, out: &mut String) {
    let mut shared = ours.shared(theirs).peekable();
    if shared.peek().is_none() {
        out.push_str("No overlapping body parts (no conflict)");
        return;
    }
    out.push_str("No conflicts on overlapping parts [");
    for (index, (our, _)) in shared.enumerate() {
        push(out, &[if index > 0 { ", " } else { "" }, S::pick(layers.part(our.part))]);
    }
    out.push(']');
}

fn push_missing(field: &str, out: &mut String) {
    push(out, &["One or both items missing '", field, "' attribute"]);
}

fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

/// Appends a number that is not negative, with one decimal.
fn push_tenths(number: f64, out: &mut String) {
    let _ = if number.is_nan() { out.write_str("nan") } else { write!(out, "{number:.1}") };
}
