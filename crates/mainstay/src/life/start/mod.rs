//! The start: from settings to a service that is ready.
//!
//! [`start`] is the whole of it, stage by stage. What a stage needs that is more than a few lines has a file of its own.

mod accounts;
mod error;
mod instances;
mod limits;
mod stages;

pub use accounts::open_accounts;
pub use error::StartError;
pub use stages::{Started, start};
