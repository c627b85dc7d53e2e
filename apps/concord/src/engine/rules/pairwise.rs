//! The operators that compare two items.

use serde_json::Value;

use crate::engine::condition::{Config, Field, Operators, Unusable};
use crate::engine::value::{Text, at_most, text, type_name};

/// A pairwise operator with its config, not yet bound to a catalogue.
#[derive(Debug)]
pub(crate) enum PairLeaf {
    Equals(Field),
    HasDifferent(Field),
    AbsDiff(Field, Limit),
    AnyEquals(Field, Value),
    AnyMissing(Field),
    PartLayerConflict(Field),
}

/// The largest difference that is still fine.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    /// As reasons show it.
    pub(crate) text: Text,
    /// `None` if it is not a number, so that nothing can be compared with it.
    pub(crate) value: Option<f64>,
}

impl Limit {
    pub(super) fn of(value: &Value) -> Self {
        Self { text: Text::new(text(value)), value: at_most(value) }
    }
}

/// Reads [`PairLeaf`]s.
pub(super) enum PairOperators {}

impl Operators for PairOperators {
    type Leaf = PairLeaf;

    const UNKNOWN: &'static str = "Unknown operator";

    const NAMES: &'static [&'static str] = &[
        "equals",
        "has_different",
        "abs_diff",
        "any_equals",
        "any_missing",
        "part_layer_conflict",
        "all",
        "any",
        "or",
        "not",
    ];

    fn leaf(operator: &str, config: &mut Config<'_>) -> Result<PairLeaf, Unusable> {
        // Both are looked for before either fails, so that a check names all that is missing.
        let field = config.field();
        let leaf = match operator {
            "equals" => PairLeaf::Equals(field?),
            "has_different" => PairLeaf::HasDifferent(field?),
            "abs_diff" => {
                let max = config.required("max");
                let (field, max) = (field?, max?);
                let limit = Limit::of(max);
                if limit.value.is_none() {
                    config.note(
                        "max",
                        "wrong_type",
                        &format!("max must be a number, got {}", type_name(max)),
                    );
                }
                PairLeaf::AbsDiff(field, limit)
            }
            "any_equals" => {
                let value = config.required("value");
                PairLeaf::AnyEquals(field?, value?.clone())
            }
            "any_missing" => PairLeaf::AnyMissing(field?),
            _ => PairLeaf::PartLayerConflict(field?),
        };
        config.look_up().map(|()| leaf)
    }
}
