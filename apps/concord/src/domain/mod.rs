//! What Concord knows, and what can be done to it.
//!
//! A [`Command`] looks at the state that it needs and decides, purely, on [`Changes`]: [facts](Fact) for the
//! streams of the log, each with the version of its stream that the decision rests on. Whoever decided on old
//! news decides again.

mod bounds;
mod cascade;
mod catalog;
mod changes;
mod cluster_ruleset;
mod command;
mod content;
mod error;
mod fact;
#[cfg(test)]
mod golden;
pub mod import;
mod item;
mod kind;
mod name;
mod patch;
mod ruleset;
mod schema;
mod stored;
pub mod stream;
mod strictness;
#[cfg(test)]
mod tests;

pub use bounds::{MAX_CONTENT_BYTES, MAX_CONTENT_DEPTH, check_bounds, json_bytes};
pub use catalog::{ChangeCatalog, CreateCatalog, DeleteCatalog, PatchCatalog};
pub use changes::Changes;
pub use cluster_ruleset::{ChangeClusterRuleset, CreateClusterRuleset, DeleteClusterRuleset};
pub use command::{Command, Decision, Deleted, Warning, Written};
pub use content::{Catalog, ClusterRuleset, Item, Object, Ruleset, Schema};
pub use error::{DomainError, sentence};
pub use fact::{Fact, Gone, ItemGone, Subject};
pub use item::{ChangeItem, CreateItem, DeleteItem};
pub use kind::Kind;
pub use name::{Name, NameError};
pub use patch::Patch;
pub use ruleset::{ChangeRuleset, CreateRuleset, DeleteRuleset};
pub use schema::{ChangeSchema, CreateSchema, DeleteSchema};
pub use stored::{Precondition, Resource, Slot, Stored};
pub use strictness::{Strictness, Verdict};
