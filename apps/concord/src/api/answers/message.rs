//! What was done, in words.

use mainstay::Json;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::Deleted;
use crate::domain::{Kind, Name};

/// What was done, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(in crate::api) struct Message {
    /// What was done.
    pub(in crate::api) message: String,
    /// What else is to be said of it.
    pub(in crate::api) detail: Option<String>,
}

impl Message {
    /// That something was deleted, and what went with it.
    pub(in crate::api) fn deleted(kind: Kind, name: &Name, deleted: Deleted) -> Json<Self> {
        let message = format!("{kind} '{name}' deleted successfully");
        Json(Self { message, detail: deleted.with_it })
    }
}
