//! What the facts add up to: the read model, how facts change it, and the questions to it.
//!
//! It changes in the transaction of the append itself, so whoever wrote reads what was written.

mod column;
pub mod export;
mod items;
mod named;
pub mod projection;
mod revisions;
mod snapshot;
mod summary;

pub use items::CatalogItem;
pub use named::Named;
pub use revisions::{CatalogRevision, Revisions};
pub use snapshot::{Page, Snapshot};
#[cfg(feature = "drills")]
pub(crate) use summary::POISON;
pub use summary::{CATALOG_SUMMARY, CatalogSummaries, CatalogSummary, LastChange};
