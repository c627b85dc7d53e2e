//! Redis: where it is, and the one connection to it.
//!
//! What uses it has to do without it: no request waits longer for it than it said, and none while it is known to be out.
//! See [`Link`].

mod config;
#[cfg(feature = "redis")]
mod link;
#[cfg(test)]
#[cfg(feature = "redis")]
mod tests;

pub(crate) use config::EXPLANATIONS;
pub use config::{RedisSettings, RedisUrl};
#[cfg(feature = "redis")]
pub use link::{Link, LinkError};
