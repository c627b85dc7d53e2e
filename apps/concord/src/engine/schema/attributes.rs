//! Whether an item's attributes fit a schema.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::Schema;
use super::dimension::{Bounds, Dimension, Element, Kind};
use crate::engine::problem::{Path, Problem};
use crate::engine::value::{Exact, list, push_text, type_name};

/// What a check of an item's attributes found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AttributeReport {
    /// What makes the item unusable.
    pub problems: Vec<Problem>,
    /// Attributes that the schema does not define. The item may be stored; evaluations with [`Validation::Full`]
    /// refuse it, those with [`Validation::Defined`] leave the attribute out.
    ///
    /// [`Validation::Full`]: crate::engine::Validation::Full
    /// [`Validation::Defined`]: crate::engine::Validation::Defined
    pub warnings: Vec<Problem>,
}

/// Messages list no more choices than this.
const CHOICES_SHOWN: usize = 20;

/// No more elements of one list are named than this: a list of many elements would become a report that is many
/// times as large.
const ELEMENTS_NAMED: usize = 20;

impl Schema {
    /// Checks the attributes of an item: required ones first, then each in its own order.
    pub fn check_attributes(&self, attributes: &Map<String, Value>) -> AttributeReport {
        let mut report = AttributeReport::default();
        let root = Path::root("attributes");
        for dimension in &self.dimensions {
            let name = &*dimension.name;
            if dimension.required && !attributes.contains_key(name) {
                let message = format!("Required dimension '{name}' is missing");
                report.problems.push(Problem::new(&root.key(name), "missing", message));
            }
        }
        for (name, value) in attributes {
            let path = root.key(name);
            match self.by_name.get(name.as_str()) {
                Some(&place) => check_value(&self.dimensions[place], value, path, &mut report.problems),
                None => report.warnings.push(Problem::new(
                    &path,
                    "undefined",
                    format!("Attribute '{name}' is not defined in schema '{}'", self.name),
                )),
            }
        }
        report
    }

    /// What keeps an item out of every evaluation: the problems, then the undefined attributes.
    pub(in crate::engine) fn refusals(&self, attributes: &Map<String, Value>) -> Vec<Problem> {
        let mut report = self.check_attributes(attributes);
        report.problems.append(&mut report.warnings);
        report.problems
    }
}

fn check_value(dimension: &Dimension, value: &Value, path: Path<'_>, problems: &mut Vec<Problem>) {
    let name = &*dimension.name;
    let mut refuse = |path: &Path<'_>, code, what: String| {
        problems.push(Problem::new(path, code, format!("Dimension '{name}' {what}")));
    };
    if value.is_null() {
        if dimension.required {
            refuse(&path, "missing", "is required but got None".into());
        }
        return;
    }
    match (&dimension.kind, value) {
        (Kind::String, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => {}
        (Kind::Integer(bounds) | Kind::Float(bounds), Value::Number(number))
            if !number.is_f64() || matches!(dimension.kind, Kind::Float(_)) =>
        {
            if let Some(what) = check_bounds(bounds, number) {
                refuse(&path, "out_of_range", what);
            }
        }
        (Kind::Enum(values), Value::String(choice)) => {
            if !values.iter().any(|value| **value == **choice) {
                refuse(&path, "not_a_choice", not_a_choice(values, choice));
            }
        }
        (Kind::List(element), Value::Array(values)) => {
            let unfit = values.iter().enumerate().filter(|(_, value)| !element.accepts(value));
            for (index, value) in unfit.take(ELEMENTS_NAMED) {
                let what = format!("element {index} must be {}, got {}", element.noun(), type_name(value));
                refuse(&path.index(index), "wrong_type", what);
            }
        }
        (Kind::PartLayerList(vocabulary), Value::Array(entries)) => {
            let known = |part: &str| vocabulary.as_ref().is_none_or(|words| words.contains(part));
            let unfit = entries.iter().enumerate();
            let unfit = unfit.filter_map(|(index, entry)| Some((index, check_entry(entry, known).err()?)));
            for (index, what) in unfit.take(ELEMENTS_NAMED) {
                refuse(&path.index(index), "invalid_entry", format!("entry {index} {what}"));
            }
        }
        (kind, other) => {
            refuse(&path, "wrong_type", format!("must be {}, got {}", kind.noun(), type_name(other)));
        }
    }
}

fn check_bounds(bounds: &Bounds, number: &Number) -> Option<String> {
    let exact = Exact::of(number);
    if let Some(min) = bounds.min.as_ref().filter(|min| exact.compare(min.exact).is_lt()) {
        return Some(format!("value {number} is less than the minimum {}", min.text));
    }
    let max = bounds.max.as_ref().filter(|max| exact.compare(max.exact).is_gt())?;
    Some(format!("value {number} is greater than the maximum {}", max.text))
}

fn not_a_choice(values: &[Box<str>], choice: &str) -> String {
    let shown = list(values.iter().take(CHOICES_SHOWN).map(|value| &**value));
    let more = values.len().saturating_sub(CHOICES_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("value '{choice}' is not one of {shown}{more}")
}

fn check_entry(entry: &Value, known: impl Fn(&str) -> bool) -> Result<(), String> {
    let Value::Object(entry) = entry else {
        return Err(format!("must be an object with 'parts' and 'layer', got {}", type_name(entry)));
    };
    let Some(Value::Array(parts)) = entry.get("parts") else {
        return Err("needs 'parts', a list of strings".into());
    };
    for part in parts {
        match part {
            Value::String(part) if known(part) => {}
            Value::String(part) => {
                return Err(format!("names the part '{part}', which is not in the vocabulary"));
            }
            other => return Err(format!("has a part that must be a string, got {}", type_name(other))),
        }
    }
    let Some(layer @ Value::Number(number)) = entry.get("layer") else {
        return Err("needs 'layer', a number".into());
    };
    if Exact::of(number).compare(Exact::Integer(0)).is_lt() {
        let mut what = String::from("has the layer ");
        push_text(layer, &mut what);
        what.push_str(", which is less than 0");
        return Err(what);
    }
    Ok(())
}

impl Kind {
    fn noun(&self) -> &'static str {
        match self {
            Self::String | Self::Enum(_) => "a string",
            Self::Boolean => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::List(_) | Self::PartLayerList(_) => "a list",
        }
    }
}

impl Element {
    fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Float => value.is_number(),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a number",
        }
    }
}
