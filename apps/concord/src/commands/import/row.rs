//! The fields of one row.

use serde_json::Value;

use crate::commands::DomainError;
use crate::commands::decision::sentence;
use crate::domain::{Name, NameError, Object};
use crate::engine::Problem;

/// One object of an import.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(pub(super) &'a Object);

/// Why a row is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowError {
    /// A key is missing. Clients know the text as that of a Python `KeyError`.
    #[error("'{0}'")]
    Missing(&'static str),
    #[error("'{key}' must be {expected}")]
    Type { key: &'static str, expected: &'static str },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{}", sentence(.0))]
    Content(Vec<Problem>),
    #[error(transparent)]
    Domain(DomainError),
}

impl From<DomainError> for RowError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Invalid { problems, .. } => Self::Content(problems),
            other => Self::Domain(other),
        }
    }
}

impl<'a> Row<'a> {
    /// What the row calls itself, for messages.
    pub(super) fn label(self, key: &str) -> &'a str {
        self.0.get(key).and_then(Value::as_str).unwrap_or("unknown")
    }

    /// A name.
    pub(super) fn name(self, key: &'static str) -> Result<Name, RowError> {
        Ok(Name::parse(self.string(key)?)?)
    }

    /// A string.
    pub(super) fn string(self, key: &'static str) -> Result<&'a str, RowError> {
        self.required(key)?.as_str().ok_or(RowError::Type { key, expected: "a string" })
    }

    /// A string that may be absent or null.
    pub(super) fn optional_string(self, key: &'static str) -> Result<Option<String>, RowError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(RowError::Type { key, expected: "a string" }),
        }
    }

    /// A list of objects.
    pub(super) fn objects(self, key: &'static str) -> Result<Vec<Value>, RowError> {
        let list = self.required(key)?.as_array().filter(|list| list.iter().all(Value::is_object));
        list.cloned().ok_or(RowError::Type { key, expected: "a list of objects" })
    }

    /// An object.
    pub(super) fn object(self, key: &'static str) -> Result<Object, RowError> {
        self.required(key)?.as_object().cloned().ok_or(RowError::Type { key, expected: "an object" })
    }

    /// An object that may be absent or null.
    pub(super) fn optional_object(self, key: &'static str) -> Result<Object, RowError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(Object::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(_) => Err(RowError::Type { key, expected: "an object" }),
        }
    }

    /// A list that may be absent or null.
    pub(super) fn optional_list(self, key: &'static str) -> Result<&'a [Value], RowError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(RowError::Type { key, expected: "a list" }),
        }
    }

    /// A reference, under the first of the keys that holds a text.
    pub(super) fn reference(self, keys: [&str; 2]) -> Option<&'a str> {
        let texts = keys.iter().filter_map(|key| self.0.get(*key)?.as_str());
        texts.into_iter().find(|text| !text.is_empty())
    }

    fn required(self, key: &'static str) -> Result<&'a Value, RowError> {
        self.0.get(key).ok_or(RowError::Missing(key))
    }
}

/// Where rows refer to their schema.
pub(super) const SCHEMA: [&str; 2] = ["schema_ref", "schema_name"];

/// Where rows refer to their pairwise ruleset.
pub(super) const PAIRWISE_RULESET: [&str; 2] = ["pairwise_ruleset_ref", "pairwise_ruleset_name"];

/// The names among references: what is no name refers to nothing.
pub(super) fn names<'a>(
    rows: impl IntoIterator<Item = &'a Object>,
    read: impl Fn(Row<'a>) -> Option<&'a str>,
) -> Vec<Name> {
    rows.into_iter().filter_map(|row| Name::parse(read(Row(row))?).ok()).collect()
}

/// The name of a row.
pub(super) fn own_name(row: Row<'_>) -> Option<&str> {
    row.0.get("name")?.as_str()
}
