//! What fails: what is known of it, what follows from it, and what fails at the moment.

mod board;
mod failure;
mod mass;
mod sort;

pub(super) use board::{Board, Failed, News};
pub(super) use failure::TRANSIENT;
pub use failure::{FailedEvent, Failure};
pub(super) use mass::{MASS_EVENTS, MASS_FEW, MassPoison, is_mass};
pub use sort::{Sort, sort};
