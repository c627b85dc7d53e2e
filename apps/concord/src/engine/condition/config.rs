//! The config of a leaf operator.

use serde_json::{Map, Value};

use crate::engine::problem::{Path, Problem};
use crate::engine::value::{Text, text, type_name};

/// Why an operator can only be false.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// The whole reason.
    pub(crate) reason: String,
}

/// The config of one operator, while it is read.
pub(crate) struct Config<'a> {
    pub(super) operator: &'a str,
    pub(super) object: &'a Map<String, Value>,
    pub(super) path: Path<'a>,
    pub(super) problems: &'a mut Vec<Problem>,
}

/// The attribute that an operator looks at.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// As reasons show it.
    pub(crate) text: Text,
    /// The attribute's name, unless it is not a string: then no item has it.
    pub(crate) key: Option<Box<str>>,
}

impl<'a> Config<'a> {
    /// The key's value, with null as if it were absent.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// A value that the operator cannot do without.
    pub(crate) fn required(&mut self, key: &str) -> Result<&'a Value, Unusable> {
        self.value(key).ok_or_else(|| {
            let reason = format!("No {key} specified for {} operator", self.operator);
            self.note(key, "missing", &reason);
            Unusable { reason }
        })
    }

    /// `field`, which must not be empty.
    pub(crate) fn field(&mut self) -> Result<Field, Unusable> {
        match self.object.get("field") {
            Some(Value::String(name)) if !name.is_empty() => {
                Ok(Field { text: Text::new(name.as_str()), key: Some(name.as_str().into()) })
            }
            Some(other) if !is_falsy(other) => {
                self.note(
                    "field",
                    "wrong_type",
                    &format!("field must be a string, got {}", type_name(other)),
                );
                Ok(Field { text: Text::new(text(other)), key: None })
            }
            _ => {
                let reason = format!("No field specified for {} operator", self.operator);
                self.note("field", "missing", &reason);
                Err(Unusable { reason })
            }
        }
    }

    /// What happens when the attribute is looked up: a list or an object cannot be the name of one.
    pub(crate) fn look_up(&self) -> Result<(), Unusable> {
        match self.object.get("field") {
            Some(name @ (Value::Array(_) | Value::Object(_))) => {
                Err(self.fails(&format!("unhashable type: '{}'", type_name(name))))
            }
            _ => Ok(()),
        }
    }

    /// Notes a value that is there but of no use.
    pub(crate) fn note(&mut self, key: &str, code: &'static str, message: &str) {
        self.problems.push(Problem::new(&self.path.key(key), code, message));
    }

    /// The operator failing inside.
    pub(crate) fn fails(&self, message: &str) -> Unusable {
        Unusable { reason: format!("Error evaluating {}: {message}", self.operator) }
    }
}

/// Whether Python takes the value for false: null, false, zero, and whatever is empty.
pub(crate) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(string) => string.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}
