//! What all kinds of stored things have in common.

use mainstay_events::StreamId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Catalog, ClusterRuleset, Fact, Gone, Item, ItemGone, Kind, Name, Ruleset, Schema, stream};

/// What all kinds have in common.
pub trait Resource: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind.
    const KIND: Kind;

    /// What it is called among those of its kind.
    fn key(&self) -> &Name;

    /// The stream of its facts.
    fn stream(&self) -> StreamId {
        stream::named(Self::KIND, self.key())
    }

    /// That it was created.
    fn created(self) -> Fact;

    /// That it has this content now.
    fn changed(self) -> Fact;

    /// That it was deleted.
    fn deleted(&self) -> Fact;
}

macro_rules! named {
    ($type:ident, $created:ident, $changed:ident, $deleted:ident) => {
        impl Resource for $type {
            const KIND: Kind = Kind::$type;

            fn key(&self) -> &Name {
                &self.name
            }

            fn created(self) -> Fact {
                Fact::$created(self)
            }

            fn changed(self) -> Fact {
                Fact::$changed(self)
            }

            fn deleted(&self) -> Fact {
                Fact::$deleted(Gone { name: self.name.clone() })
            }
        }
    };
}

named!(Schema, SchemaCreated, SchemaChanged, SchemaDeleted);
named!(Ruleset, RulesetCreated, RulesetChanged, RulesetDeleted);
named!(ClusterRuleset, ClusterRulesetCreated, ClusterRulesetChanged, ClusterRulesetDeleted);
named!(Catalog, CatalogCreated, CatalogChanged, CatalogDeleted);

impl Resource for Item {
    const KIND: Kind = Kind::Item;

    fn key(&self) -> &Name {
        &self.item_id
    }

    fn stream(&self) -> StreamId {
        stream::item(self.catalog_uid, &self.item_id)
    }

    fn created(self) -> Fact {
        Fact::ItemCreated(self)
    }

    fn changed(self) -> Fact {
        Fact::ItemChanged(self)
    }

    fn deleted(&self) -> Fact {
        let Self { catalog_uid, catalog_name, item_id, .. } = self.clone();
        Fact::ItemDeleted(ItemGone { catalog_uid, catalog_name, item_id })
    }
}
