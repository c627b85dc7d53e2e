//! What bodies have in common.

use mainstay::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::api::refusals::bad_name;
use crate::domain::{Name, Object};

/// A list of objects, as the client sent them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::api) struct Objects(#[schemars(with = "Vec<Object>")] pub(in crate::api) Vec<Value>);

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let objects = Vec::<Object>::deserialize(deserializer)?;
        Ok(Self(objects.into_iter().map(Value::Object).collect()))
    }
}

/// A text of a body that is to be a name. Not the type's own work: what is no name is refused with 400, what is
/// no text with 422.
pub(in crate::api) fn name(field: &'static str, text: &str) -> Result<Name, Refusal> {
    Name::parse(text).map_err(|error| bad_name(field, error))
}
