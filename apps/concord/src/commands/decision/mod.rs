//! How every command decides.
//!
//! | question | answer |
//! |---|---|
//! | what is a command, and what does it say when it is done? | `command` |
//! | what does it decide on? | `changes` |
//! | what goes with what is deleted? | `cascade` |
//! | may the thing be changed, is its name free? | `precondition` |
//! | is the content good enough? | `strictness` |
//! | is it small enough? | `bounds` |
//! | why is the command refused? | `error` |

mod bounds;
mod cascade;
mod changes;
mod command;
mod error;
mod precondition;
mod strictness;

pub(super) use bounds::check_bounds;
pub use bounds::{MAX_CONTENT_BYTES, MAX_CONTENT_DEPTH};
pub(super) use cascade::Cascade;
pub use changes::Changes;
pub use command::{Command, Decision, Deleted, Warning, Written};
pub use error::DomainError;
pub(super) use error::sentence;
pub use precondition::Precondition;
pub use strictness::{Strictness, Verdict};
