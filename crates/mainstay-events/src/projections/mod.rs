//! Read models that follow the log by themselves.
//!
//! A [`Projection`] turns events into rows. Its position moves in the transaction of those rows, first and under
//! a fence, so each event has its effect exactly once: after a crash, after a commit that was not answered, and
//! when a process that was thought dead comes back.
//!
//! # Failures
//!
//! | what | what follows |
//! |---|---|
//! | the database is busy, full, out of reach | tried again for ever, with growing waits; after 5 tries or 30 s the health is degraded |
//! | an event cannot be applied: it does not read, is refused, meets a constraint, or the code panics | it is found within its batch and tried three times more; then as [`OnPoison`] says: its key is put aside (the default), the projection halts, or the event is left out |
//! | ten keys within a minute, one in a hundred, or a thousand in all | the code must be wrong: the projection is faulted and stands |
//! | the log was damaged, or restored | the projection halts |
//!
//! One record of level `CRITICAL` names everything that fails, on each change and once a minute; each failure is
//! also a message in the [outbox](crate::outbox), if the projections [were given one](Projections::telling). Nothing
//! is ever skipped without a count, and one projection that stands holds no other one up. [`operator`] shows what
//! is, and takes wishes: retry, skip, rebuild.
//!
//! # Rebuilding
//!
//! Tables belong to a *generation*. A rebuild, or code of a higher [version](Projection::version), fills the
//! tables of the next one while the present ones serve; when it has caught up, one transaction that holds the
//! counter of the log applies what is left and lets the plain names mean the new tables.
//!
//! # Rooms
//!
//! | question | room |
//! |---|---|
//! | what does an application write? | `definition` |
//! | what follows from a failure, and what fails at the moment? | `failures` |
//! | how far is each lane, who holds it, what waits? | `progress`: the rows that say it |
//! | how does one lane work? | `lane` |
//! | how are all of them started, swapped, watched and told of? | `supervision` |
//! | what do operators see and wish? | [`operator`] |

mod definition;
mod failures;
mod lane;
pub mod operator;
mod place;
mod progress;
mod runner;
mod settings;
mod supervision;
#[cfg(test)]
mod tests;

pub(crate) use definition::is_derived;
pub use definition::{Batch, Fold, Folded, OnPoison, Projection, Table, Tables};
pub use failures::{FailedEvent, Failure, Sort, sort};
pub use progress::{Role, Status};
pub use settings::ProjectionSettings;
pub use supervision::{PROJECTION_FAILED, PROJECTION_RECOVERED, ProjectionHealth, Projections, WaitError};
