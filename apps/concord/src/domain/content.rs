//! What is stored, as clients sent it.
//!
//! Dimensions, rules, attributes and metadata are raw JSON: unknown keys and the order of keys are kept, `2`
//! and `2.0` stay apart. The engine interprets them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Name;

/// A JSON object, its keys in the order in which they came.
pub type Object = Map<String, Value>;

/// A schema: which attributes items have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Its name.
    pub name: Name,
    /// Its version, of the client's own counting.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The dimensions, in order; each an object.
    pub dimensions: Vec<Value>,
    /// Whether it was stored although no evaluation can use it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// A pairwise ruleset: which items go together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruleset {
    /// Its name.
    pub name: Name,
    /// Its version, of the client's own counting.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The schema that it speaks of.
    pub schema_name: Name,
    /// The rules, in order; each an object.
    pub rules: Vec<Value>,
    /// Whether it was stored although no evaluation can use it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// A cluster ruleset: which sets of items make a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterRuleset {
    /// Its name.
    pub name: Name,
    /// Its version, of the client's own counting.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The schema that it speaks of.
    pub schema_name: Name,
    /// The pairwise ruleset that it was made for.
    pub pairwise_ruleset_name: Name,
    /// The rules, in order; each an object.
    pub rules: Vec<Value>,
    /// Whether it was stored although no evaluation can use it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// A catalogue, without its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// What its items are filed under: new for each catalogue, also when a name is used again.
    pub uid: Uuid,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// The schema of its items.
    pub schema_name: Name,
    /// Whatever the client keeps with it.
    pub metadata: Object,
}

/// An item of a catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "clients call it `item_id`, beside a `name` that is no key")]
pub struct Item {
    /// The [uid](Catalog::uid) of its catalogue.
    pub catalog_uid: Uuid,
    /// The name of its catalogue.
    pub catalog_name: Name,
    /// Its id, unique in its catalogue.
    pub item_id: Name,
    /// What people call it.
    pub name: String,
    /// Its attributes.
    pub attributes: Object,
    /// Whatever the client keeps with it.
    pub metadata: Object,
    /// Whether it was stored although it does not fit its schema.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}
