//! Where the service listens: addresses, sockets, and what answers at them.
//!
//! | | |
//! |---|---|
//! | `config.rs` | the addresses, and what the service is called outside |
//! | `sockets.rs` | bound by us, or inherited from somebody |
//! | `surface.rs` | the routes that the runtime adds to an application's own |
//! | `listeners.rs` | from the first probe to the last connection |
//! | `operators.rs` | the thread that answers operators, whatever holds up the others |

mod config;
mod listeners;
mod operators;
mod sockets;
mod surface;

pub use config::{ListenSettings, PublicUrl};
pub(super) use listeners::Listeners;
#[cfg(test)]
pub(super) use listeners::judge_waivers;
pub use sockets::Inherited;
pub(super) use sockets::{Heirlooms, Sockets};
pub use surface::route_table;
