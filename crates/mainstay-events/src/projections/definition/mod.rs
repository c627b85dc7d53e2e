//! What an application writes: how events change a read model, and which tables that has.

mod fold;
mod projection;
mod tables;

pub use fold::{Fold, Folded};
pub use projection::{Batch, OnPoison, Projection};
pub(crate) use tables::is_derived;
pub use tables::{Table, Tables};
