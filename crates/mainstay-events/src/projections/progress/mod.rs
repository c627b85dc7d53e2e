//! How far each lane is, who holds it, and what waits: the rows that say it. They change in the transaction of the read
//! model, so they are true whatever happens in between.

pub(super) mod checkpoint;
pub(super) mod quarantine;

pub use checkpoint::{Role, Status};
