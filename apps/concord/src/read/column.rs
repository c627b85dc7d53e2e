//! JSON in columns.

use mainstay_db::{FromValue, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A column that holds JSON, read as `T`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromValue<'_> for Json<T> {
    fn from_value(value: &Value) -> Option<Self> {
        serde_json::from_str(<&str>::from_value(value)?).ok().map(Self)
    }
}

/// JSON for a column.
///
/// # Errors
///
/// When the value cannot be written as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_string(value).map(Value::from)
}
