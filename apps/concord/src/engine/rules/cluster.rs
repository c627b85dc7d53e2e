//! The operators that look at a list of items.

use serde_json::Value;

use super::Limit;
use crate::engine::condition::{Config, Field, Operators, Unusable};
use crate::engine::value::{Exact, Text, text, type_name};

/// A cluster operator with its config, not yet bound to a catalogue.
#[derive(Debug)]
pub(crate) enum ClusterLeaf {
    UniqueValues(Field),
    HasItemWith(Field, Value),
    CountByField(Field, CountBounds),
    /// Always of the attribute `formality`.
    FormalityRange(Limit),
}

/// Inclusive bounds of a count, each with its text. `Err` holds the type of a bound that is not a number.
#[derive(Clone, Debug, Default)]
pub(crate) struct CountBounds {
    pub(crate) min: Option<CountBound>,
    pub(crate) max: Option<CountBound>,
}

/// One bound of a count.
#[derive(Clone, Debug)]
pub(crate) struct CountBound {
    pub(crate) text: Text,
    pub(crate) value: Result<Exact, &'static str>,
}

/// Reads [`ClusterLeaf`]s.
pub(super) enum ClusterOperators {}

impl Operators for ClusterOperators {
    type Leaf = ClusterLeaf;

    const UNKNOWN: &'static str = "Unknown cluster operator";

    const NAMES: &'static [&'static str] =
        &["unique_values", "has_item_with", "count_by_field", "formality_range", "all", "any", "or", "not"];

    fn leaf(operator: &str, config: &mut Config<'_>) -> Result<ClusterLeaf, Unusable> {
        if operator == "formality_range" {
            let max = config.required("max_diff")?;
            let limit = Limit::of(max);
            if limit.value.is_none() {
                note_number(config, "max_diff", max);
            }
            return Ok(ClusterLeaf::FormalityRange(limit));
        }
        // Both are looked for before either fails, so that a check names all that is missing.
        let field = config.field();
        let leaf = match operator {
            "unique_values" => ClusterLeaf::UniqueValues(field?),
            "has_item_with" => {
                let value = config.required("value");
                ClusterLeaf::HasItemWith(field?, value?.clone())
            }
            _ => {
                let bounds = CountBounds { min: bound(config, "min"), max: bound(config, "max") };
                ClusterLeaf::CountByField(field?, bounds)
            }
        };
        config.look_up().map(|()| leaf)
    }
}

fn bound(config: &mut Config<'_>, key: &str) -> Option<CountBound> {
    let value = config.value(key)?;
    let exact = match value {
        Value::Bool(truth) => Ok(Exact::Integer(i128::from(*truth))),
        Value::Number(number) => Ok(Exact::of(number)),
        other => {
            note_number(config, key, other);
            Err(type_name(other))
        }
    };
    Some(CountBound { text: Text::new(text(value)), value: exact })
}

fn note_number(config: &mut Config<'_>, key: &str, got: &Value) {
    config.note(key, "wrong_type", &format!("{key} must be a number, got {}", type_name(got)));
}
