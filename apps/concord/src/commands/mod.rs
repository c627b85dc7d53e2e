//! What can be done to the things that Concord knows, one file for each kind.
//!
//! A [`Command`] looks at the state that it needs and decides, purely, on [`Changes`]: [facts](crate::domain::Fact)
//! for the streams of the log, each with the version of its stream that the decision rests on. Whoever decided on old
//! news decides again; the [ledger](crate::ledger) sees to it, and records what was decided.
//!
//! What all commands share, from the look to the refusal, is in `decision`.

mod catalog;
mod cluster_ruleset;
mod decision;
pub mod import;
mod item;
mod patch;
mod ruleset;
mod schema;
#[cfg(test)]
mod tests;

pub use catalog::{ChangeCatalog, CreateCatalog, DeleteCatalog, PatchCatalog};
pub use cluster_ruleset::{ChangeClusterRuleset, CreateClusterRuleset, DeleteClusterRuleset};
pub use decision::{
    Changes, Command, Decision, Deleted, DomainError, MAX_CONTENT_BYTES, MAX_CONTENT_DEPTH, Precondition,
    Strictness, Verdict, Warning, Written,
};
pub use item::{ChangeItem, CreateItem, DeleteItem};
pub use patch::Patch;
pub use ruleset::{ChangeRuleset, CreateRuleset, DeleteRuleset};
pub use schema::{ChangeSchema, CreateSchema, DeleteSchema};
