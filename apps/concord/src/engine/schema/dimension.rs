//! One dimension of a schema.

use std::collections::HashSet;

use serde_json::Value;

use crate::engine::content::{Fields, is_word};
use crate::engine::problem::{Path, Problem};
use crate::engine::value::{Exact, to_float};

/// A dimension: a name, a kind, and whether items must have it.
#[derive(Debug)]
pub(super) struct Dimension {
    pub(super) name: Box<str>,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

/// What the values of a dimension are.
#[derive(Debug)]
pub(super) enum Kind {
    String,
    Integer(Bounds),
    Float(Bounds),
    Boolean,
    /// One of the values, in the order of the schema.
    Enum(Vec<Box<str>>),
    List(Element),
    /// Parts, from the vocabulary if there is one, each on a layer.
    PartLayerList(Option<HashSet<Box<str>>>),
}

/// What the elements of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    String,
    Integer,
    Float,
    Boolean,
}

/// Inclusive bounds of a number, each with the text that messages show.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) min: Option<Bound>,
    pub(super) max: Option<Bound>,
}

#[derive(Debug)]
pub(super) struct Bound {
    pub(super) exact: Exact,
    pub(super) text: String,
}

const KINDS: &str = "string, integer, float, boolean, enum, list, part_layer_list";
const ELEMENTS: &str = "string, integer, float, boolean";

impl Dimension {
    /// Reads a dimension and notes everything that is wrong with it; `None` if something is.
    pub(super) fn read(value: &Value, path: Path<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let mut fields = Fields::of(value, path, problems)?;
        let name = read_name(&mut fields);
        let required = fields.switch("required", false);
        fields.description();
        let kind = read_kind(&mut fields);
        let clean = problems.len() == before;
        Some(Self { name: name?.into(), required, kind: kind? }).filter(|_| clean)
    }
}

fn read_name<'a>(fields: &mut Fields<'a, '_>) -> Option<&'a str> {
    let name = fields.string("name")?;
    if !is_word(name, &['_']) {
        let message = format!("dimension name '{name}' must be letters, digits and underscores");
        fields.problem("name", "invalid_name", message);
    }
    Some(name)
}

fn read_kind(fields: &mut Fields<'_, '_>) -> Option<Kind> {
    // Read whatever the kind is, so that a wrong type of any of them is found.
    let bounds = Bounds { min: read_bound(fields, "min"), max: read_bound(fields, "max") };
    let values = fields.strings("values");
    let vocabulary = fields.strings("part_vocabulary");
    let element = read_element(fields);
    let kind = match fields.string("type")? {
        "string" => Kind::String,
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer(check_bounds(fields, bounds)),
        "float" => Kind::Float(check_bounds(fields, bounds)),
        "enum" => {
            let values = values.unwrap_or_default();
            if values.is_empty() {
                fields.problem("values", "missing", "an enum needs at least one value in 'values'");
            }
            Kind::Enum(values.into_iter().map(Into::into).collect())
        }
        "list" => {
            if fields.value("item_type").is_none() {
                fields.problem(
                    "item_type",
                    "missing",
                    format!("a list needs 'item_type', one of {ELEMENTS}"),
                );
            }
            Kind::List(element?)
        }
        "part_layer_list" => {
            if vocabulary.as_ref().is_some_and(Vec::is_empty) {
                fields.problem("part_vocabulary", "missing", "'part_vocabulary' must not be empty");
            }
            Kind::PartLayerList(vocabulary.map(|parts| parts.into_iter().map(Into::into).collect()))
        }
        other => {
            let message = format!("unknown type '{other}', must be one of {KINDS}");
            fields.problem("type", "unknown_type", message);
            return None;
        }
    };
    Some(kind)
}

fn read_element(fields: &mut Fields<'_, '_>) -> Option<Element> {
    fields.value("item_type")?;
    match fields.string("item_type")? {
        "string" => Some(Element::String),
        "integer" => Some(Element::Integer),
        "float" => Some(Element::Float),
        "boolean" => Some(Element::Boolean),
        other => {
            let message = format!("unknown item type '{other}', must be one of {ELEMENTS}");
            fields.problem("item_type", "unknown_type", message);
            None
        }
    }
}

fn read_bound(fields: &mut Fields<'_, '_>, name: &str) -> Option<Bound> {
    let value = fields.number(name)?;
    let exact = match value {
        Value::Number(number) => Exact::of(number),
        other => Exact::of_float(to_float(other)?),
    };
    Some(Bound { exact, text: crate::engine::value::text(value) })
}

fn check_bounds(fields: &mut Fields<'_, '_>, bounds: Bounds) -> Bounds {
    if let (Some(min), Some(max)) = (&bounds.min, &bounds.max)
        && min.exact.compare(max.exact).is_gt()
    {
        let message = format!("min {} is greater than max {}", min.text, max.text);
        fields.problem("min", "invalid_range", message);
    }
    bounds
}
