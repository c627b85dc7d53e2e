//! What happened, for the log.

use std::sync::LazyLock;

use mainstay_events::{Event, Upcasters};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Catalog, ClusterRuleset, Item, Kind, Name, Ruleset, Schema};

/// Something that happened. A change holds the whole new content, so that a reader needs no history.
///
/// These names and shapes are in the log of every installation: they are added to, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says it by its name")]
pub enum Fact {
    SchemaCreated(Schema),
    SchemaChanged(Schema),
    SchemaDeleted(Gone),
    RulesetCreated(Ruleset),
    RulesetChanged(Ruleset),
    RulesetDeleted(Gone),
    ClusterRulesetCreated(ClusterRuleset),
    ClusterRulesetChanged(ClusterRuleset),
    ClusterRulesetDeleted(Gone),
    CatalogCreated(Catalog),
    CatalogChanged(Catalog),
    /// Its items go with it, without facts of their own.
    CatalogDeleted(Gone),
    ItemCreated(Item),
    ItemChanged(Item),
    ItemDeleted(ItemGone),
}

/// Which facts are written today, and in which version. A version that is raised takes an upcaster from the one
/// before, and a file beside those of `golden`.
static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(|| {
    let types = [
        "schema_created",
        "schema_changed",
        "schema_deleted",
        "ruleset_created",
        "ruleset_changed",
        "ruleset_deleted",
        "cluster_ruleset_created",
        "cluster_ruleset_changed",
        "cluster_ruleset_deleted",
        "catalog_created",
        "catalog_changed",
        "catalog_deleted",
        "item_created",
        "item_changed",
        "item_deleted",
    ];
    types.into_iter().fold(Upcasters::new(), |upcasters, name| upcasters.current(name, 1))
});

/// What was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Its name.
    pub name: Name,
}

/// The item that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemGone {
    /// The [uid](Catalog::uid) of its catalogue.
    pub catalog_uid: Uuid,
    /// The name of its catalogue.
    pub catalog_name: Name,
    /// Its id.
    pub item_id: Name,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Of which kind.
    pub kind: Kind,
    /// Its name, or the id of an item.
    pub name: &'a Name,
    /// The catalogue of an item.
    pub catalog: Option<&'a Name>,
}

impl Fact {
    /// What the fact is about.
    pub fn subject(&self) -> Subject<'_> {
        let named = |kind, name| Subject { kind, name, catalog: None };
        match self {
            Self::SchemaCreated(schema) | Self::SchemaChanged(schema) => named(Kind::Schema, &schema.name),
            Self::SchemaDeleted(gone) => named(Kind::Schema, &gone.name),
            Self::RulesetCreated(ruleset) | Self::RulesetChanged(ruleset) => {
                named(Kind::Ruleset, &ruleset.name)
            }
            Self::RulesetDeleted(gone) => named(Kind::Ruleset, &gone.name),
            Self::ClusterRulesetCreated(ruleset) | Self::ClusterRulesetChanged(ruleset) => {
                named(Kind::ClusterRuleset, &ruleset.name)
            }
            Self::ClusterRulesetDeleted(gone) => named(Kind::ClusterRuleset, &gone.name),
            Self::CatalogCreated(catalog) | Self::CatalogChanged(catalog) => {
                named(Kind::Catalog, &catalog.name)
            }
            Self::CatalogDeleted(gone) => named(Kind::Catalog, &gone.name),
            Self::ItemCreated(Item { item_id, catalog_name, .. })
            | Self::ItemChanged(Item { item_id, catalog_name, .. })
            | Self::ItemDeleted(ItemGone { item_id, catalog_name, .. }) => {
                Subject { kind: Kind::Item, name: item_id, catalog: Some(catalog_name) }
            }
        }
    }
}

impl Event for Fact {
    fn upcasters() -> &'static Upcasters {
        &UPCASTERS
    }

    fn event_type(&self) -> &'static str {
        match self {
            Self::SchemaCreated(_) => "schema_created",
            Self::SchemaChanged(_) => "schema_changed",
            Self::SchemaDeleted(_) => "schema_deleted",
            Self::RulesetCreated(_) => "ruleset_created",
            Self::RulesetChanged(_) => "ruleset_changed",
            Self::RulesetDeleted(_) => "ruleset_deleted",
            Self::ClusterRulesetCreated(_) => "cluster_ruleset_created",
            Self::ClusterRulesetChanged(_) => "cluster_ruleset_changed",
            Self::ClusterRulesetDeleted(_) => "cluster_ruleset_deleted",
            Self::CatalogCreated(_) => "catalog_created",
            Self::CatalogChanged(_) => "catalog_changed",
            Self::CatalogDeleted(_) => "catalog_deleted",
            Self::ItemCreated(_) => "item_created",
            Self::ItemChanged(_) => "item_changed",
            Self::ItemDeleted(_) => "item_deleted",
        }
    }
}
