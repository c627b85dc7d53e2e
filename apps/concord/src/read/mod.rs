//! What the facts add up to: the read model, how facts change it, and the questions to it.
//!
//! It changes in the transaction of the append itself, so whoever wrote reads what was written.

mod column;
mod export;
mod items;
mod named;
pub mod projection;
mod row;
mod snapshot;

pub use export::{ExportLimits, ExportPage, Cursor, CursorError};
pub use items::CatalogItem;
pub use named::Named;
pub use row::Revisions;
pub use snapshot::{Page, Snapshot};
