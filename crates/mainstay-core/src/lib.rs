//! The words that every Mainstay crate shares.
//!
//! Nothing here knows HTTP or SQL. What is here, is here because two siblings need it and neither may
//! depend on the other: time and randomness as values that are handed in, secrets that cannot be printed,
//! one way to print a chain of errors, settings with all their problems at once, the two steps of stopping,
//! and the registry that every task belongs to.

mod clock;
mod error;
pub mod random;
mod secret;
pub mod settings;
mod shutdown;
mod tasks;

pub use clock::{Clock, ManualClock};
pub use error::Chain;
pub use secret::{DisplayUrl, Secret};
pub use shutdown::Shutdown;
pub use tasks::{Panicked, Tasks};
