//! The objects that are exported, and can be imported again: no ids, no times.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Catalog, ClusterRuleset, Item, Name, Object, Ruleset, Schema};

/// A schema.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SchemaExport {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The dimensions, as the client sent them.
    pub dimensions: Vec<Value>,
}

/// A pairwise ruleset.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RulesetExport {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The name of its schema.
    pub schema_ref: Name,
    /// The rules, as the client sent them.
    pub rules: Vec<Value>,
}

/// A cluster ruleset.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClusterRulesetExport {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// The name of its schema.
    pub schema_ref: Name,
    /// The name of its pairwise ruleset.
    pub pairwise_ruleset_ref: Name,
    /// The rules, as the client sent them.
    pub rules: Vec<Value>,
}

/// A catalogue with its items, or with those of them that the page has room for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CatalogExport {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// The name of its schema.
    pub schema_ref: Name,
    /// Whatever the client keeps with it.
    pub metadata: Object,
    /// The items, in storage order.
    pub items: Vec<ItemExport>,
}

/// An item of an exported catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ItemExport {
    /// Its id.
    pub id: Name,
    /// What people call it.
    pub name: String,
    /// The attributes, as the client sent them.
    pub attributes: Object,
    /// Whatever the client keeps with it.
    pub metadata: Object,
}

impl From<Schema> for SchemaExport {
    fn from(schema: Schema) -> Self {
        let Schema { name, version, description, dimensions, invalid: _ } = schema;
        Self { name, version, description, dimensions }
    }
}

impl From<Ruleset> for RulesetExport {
    fn from(ruleset: Ruleset) -> Self {
        let Ruleset { name, version, description, schema_name, rules, invalid: _ } = ruleset;
        Self { name, version, description, schema_ref: schema_name, rules }
    }
}

impl From<ClusterRuleset> for ClusterRulesetExport {
    fn from(ruleset: ClusterRuleset) -> Self {
        let ClusterRuleset { name, version, description, schema_name, pairwise_ruleset_name, rules, .. } =
            ruleset;
        let (schema_ref, pairwise_ruleset_ref) = (schema_name, pairwise_ruleset_name);
        Self { name, version, description, schema_ref, pairwise_ruleset_ref, rules }
    }
}

impl From<Catalog> for CatalogExport {
    /// Without items.
    fn from(catalog: Catalog) -> Self {
        let Catalog { uid: _, name, description, schema_name, metadata } = catalog;
        Self { name, description, schema_ref: schema_name, metadata, items: Vec::new() }
    }
}

impl From<Item> for ItemExport {
    fn from(item: Item) -> Self {
        let Item { item_id, name, attributes, metadata, .. } = item;
        Self { id: item_id, name, attributes, metadata }
    }
}
