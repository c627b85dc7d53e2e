//! What Concord knows: its things, what happens to them, and where in the log that is written.
//!
//! - *Things* are what clients store: [`Schema`], [`Ruleset`], [`ClusterRuleset`], [`Catalog`], [`Item`]. Each has a
//!   [`Name`] among those of its [`Kind`].
//! - *Facts* are what happened to them. Each thing has a [stream] of its own, and a [`Fact`] holds the whole new
//!   content, so a reader needs no history. The files in `golden` keep the shapes of all facts that were ever written.
//! - A [`Stored`] thing is one as the read model has it; a [`Slot`] is a name, and what is stored under it.
//!
//! Nothing here decides or reads anything: that is for [commands](crate::commands) and the
//! [read model](crate::read).

mod content;
mod fact;
#[cfg(test)]
mod golden;
mod kind;
mod name;
mod resource;
mod size;
mod stored;
pub mod stream;

pub use content::{Catalog, ClusterRuleset, Item, Object, Ruleset, Schema};
pub use fact::{Fact, Gone, ItemGone, Subject};
pub use kind::Kind;
pub use name::{Name, NameError};
pub use resource::Resource;
pub use size::{JsonSize, json_size};
pub use stored::{Slot, Stored};
