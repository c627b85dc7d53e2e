//! The JSON API.
//!
//! A handler reads the request, has a [command](crate::commands::Command) carried out or asks the read model, and
//! shapes the answer.
//!
//! | question | room |
//! |---|---|
//! | how are schemas, rulesets, catalogues and items stored and shown? | `resources` |
//! | what goes together? | `evaluate` |
//! | how do they come in and go out as documents? | `transfer` |
//! | what happened, and what happens now? | `activity` |
//! | what do requests say? | `requests` |
//! | what do answers look like? | `answers` |
//! | what becomes of what goes wrong? | `refusals` |
//! | what do routes have in common? | `policy` |

mod activity;
mod answers;
mod evaluate;
mod policy;
mod refusals;
mod requests;
mod resources;
mod state;
mod transfer;

use mainstay::Routes;

pub use self::activity::Feed;
pub use self::policy::LIMITS;
pub use self::state::Catalogues;
pub use self::transfer::DocumentReader;

/// All routes below `/api/v1`.
pub fn routes() -> Routes<Catalogues> {
    resources::routes().merge(evaluate::routes()).merge(transfer::routes()).merge(activity::routes())
}
