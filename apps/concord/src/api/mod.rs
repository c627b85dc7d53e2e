//! The JSON API, one file for each resource.
//!
//! A handler reads the request, has a [command](crate::domain::Command) carried out or asks the read model, and
//! shapes the answer. What goes wrong becomes a refusal in `refuse.rs`, and nowhere else.

mod activity;
mod answer;
mod body;
mod catalogs;
mod class;
mod cluster_rulesets;
mod evaluate;
mod events;
mod exports;
mod imported;
mod imports;
mod items;
mod path;
mod position;
mod precondition;
mod query;
mod refuse;
mod repeat;
mod rulesets;
mod schemas;
mod summary;

pub use class::ALL as LIMITS;
pub use events::Feed;
pub use imported::DocumentReader;

use std::time::Duration;

use mainstay::{ErrorCode, Refusal, Routes};

use crate::domain::{DomainError, Name, Stored};
use crate::ledger::Ledger;
use crate::read::Named;
use crate::service::Catalogues;

/// All routes below `/api/v1`.
pub fn routes() -> Routes<Catalogues> {
    schemas::routes()
        .merge(rulesets::routes())
        .merge(cluster_rulesets::routes())
        .merge(catalogs::routes())
        .merge(items::routes())
        .merge(evaluate::routes())
        .merge(exports::routes())
        .merge(imports::routes())
        .merge(summary::routes())
        .merge(activity::routes())
        .merge(events::routes())
}

/// Codes of every route that reads.
const READING: &[ErrorCode] = &[
    ErrorCode::PoolExhausted,
    ErrorCode::QueryTimeout,
    ErrorCode::DatabaseUnavailable,
    ErrorCode::CircuitOpen,
];

/// How old a list or a thing may be that is shown while the database is out: whoever looks for something is served
/// better by what was there five minutes ago than by nothing.
const STALE: Duration = Duration::from_mins(5);

/// The thing of a name.
async fn find<T: Named>(ledger: &Ledger, name: &Name) -> Result<Stored<T>, Refusal> {
    let found = ledger.find::<T>(name).await?;
    Ok(found.ok_or_else(|| DomainError::not_found(T::KIND, name))?)
}
