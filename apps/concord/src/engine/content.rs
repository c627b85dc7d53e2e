//! Reading the fields of stored content, which is kept as clients sent it.

use serde_json::{Map, Value};

use super::problem::{Path, Problem, messages};
use super::value::type_name;

/// Content that no evaluation can use.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind} '{name}' is not usable: {}", messages(.problems))]
pub struct ContentError {
    /// `Schema`, `RuleSet` or `ClusterRuleSet`.
    pub kind: &'static str,
    /// The name of the content.
    pub name: String,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
}

/// An object being read, with a list of what is wrong so far. Unknown keys are ignored.
pub(super) struct Fields<'a, 'p> {
    object: &'a Map<String, Value>,
    path: Path<'a>,
    problems: &'p mut Vec<Problem>,
}

impl<'a, 'p> Fields<'a, 'p> {
    /// The fields of `value`, or a problem if it is not an object.
    pub(super) fn of(value: &'a Value, path: Path<'a>, problems: &'p mut Vec<Problem>) -> Option<Self> {
        if let Value::Object(object) = value {
            return Some(Self { object, path, problems });
        }
        problems.push(Problem::new(
            &path,
            "wrong_type",
            format!("'{path}' must be an object, got {}", type_name(value)),
        ));
        None
    }

    /// Notes a problem of one field.
    pub(super) fn problem(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::new(&self.path.key(name), code, message));
    }

    fn wrong_type(&mut self, name: &str, expected: &str, got: &Value) {
        let message = format!("'{}' must be {expected}, got {}", self.path.key(name), type_name(got));
        self.problem(name, "wrong_type", message);
    }

    /// The field, with null as if it were absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there and be a string.
    pub(super) fn string(&mut self, name: &str) -> Option<&'a str> {
        match self.object.get(name) {
            Some(Value::String(string)) => Some(string),
            Some(other) => {
                self.wrong_type(name, "a string", other);
                None
            }
            None => {
                let message = format!("'{}' is missing", self.path.key(name));
                self.problem(name, "missing", message);
                None
            }
        }
    }

    /// A description: a string or null.
    pub(super) fn description(&mut self) {
        if let Some(other) = self.value("description").filter(|value| !value.is_string()) {
            self.wrong_type("description", "a string", other);
        }
    }

    /// A switch that may be absent. `"yes"`, `1` and the like count, as they always did.
    pub(super) fn switch(&mut self, name: &str, default: bool) -> bool {
        let Some(value) = self.object.get(name) else {
            return default;
        };
        lax_bool(value).unwrap_or_else(|| {
            self.wrong_type(name, "true or false", value);
            default
        })
    }

    /// A number that may be absent. Numeric strings and booleans count, as they always did.
    pub(super) fn number(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.value(name)?;
        if super::value::to_float(value).is_some() {
            return Some(value);
        }
        self.wrong_type(name, "a number", value);
        None
    }

    /// A list of strings that may be absent.
    pub(super) fn strings(&mut self, name: &str) -> Option<Vec<&'a str>> {
        let value = self.value(name)?;
        let strings = value.as_array().and_then(|array| array.iter().map(Value::as_str).collect());
        if strings.is_none() {
            self.wrong_type(name, "a list of strings", value);
        }
        strings
    }
}

/// The truth of a value that spells one.
fn lax_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        Value::String(string) => match string.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a version has three numeric parts: `1.0.0`.
pub(super) fn check_version(version: &str, problems: &mut Vec<Problem>) {
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if version.split('.').count() != 3 || !version.split('.').all(numeric) {
        let message = format!("version '{version}' must be three numbers separated by dots, such as 1.0.0");
        problems.push(Problem::new(&Path::root("version"), "invalid_version", message));
    }
}

/// Whether a name is letters and digits, apart from some characters that do not count.
pub(super) fn is_word(name: &str, ignored: &[char]) -> bool {
    let mut counted = name.chars().filter(|character| !ignored.contains(character)).peekable();
    counted.peek().is_some() && counted.all(char::is_alphanumeric)
}
