//! What is known of something before a command decides.

use jiff::Timestamp;
use mainstay_events::{StreamId, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Catalog, ClusterRuleset, DomainError, Fact, Gone, Item, ItemGone, Kind, Name, Ruleset, Schema, stream,
};

/// Something that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// Its number among those of its kind, from 1; never used again.
    pub id: i64,
    /// The version of its stream.
    pub revision: Version,
    /// What its `ETag` says. As the revision, but that a catalogue's also moves with its items.
    pub tag: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a value of it last changed.
    pub updated_at: Timestamp,
    /// How many items it has, if it is a catalogue.
    pub item_count: u64,
    /// What it is.
    pub content: T,
}

/// A key, and what is stored under it.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot<T> {
    /// Nothing; the stream is where the last owner of the key left it.
    Vacant(Version),
    /// Something.
    Taken(Box<Stored<T>>),
}

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

impl<T: Resource> Slot<T> {
    /// The version of the vacant key's stream.
    ///
    /// # Errors
    ///
    /// [`DomainError::AlreadyExists`] if it is taken.
    pub fn vacant(&self) -> Result<Version, DomainError> {
        match self {
            Self::Vacant(last) => Ok(*last),
            Self::Taken(stored) => {
                let name = stored.content.key().clone();
                Err(DomainError::AlreadyExists { kind: T::KIND, name })
            }
        }
    }
}

/// What a client demands of the state of a thing before it is changed: its `If-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// That it carries one of these tags.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// # Errors
    ///
    /// [`DomainError::Changed`] if the thing is another one by now.
    pub fn check<T: Resource>(&self, stored: &Stored<T>) -> Result<(), DomainError> {
        match self {
            Self::OneOf(tags) if !tags.contains(&stored.tag) => {
                let name = stored.content.key().clone();
                Err(DomainError::Changed { kind: T::KIND, name, tag: stored.tag })
            }
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
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
