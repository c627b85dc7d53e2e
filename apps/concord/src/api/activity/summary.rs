//! `/api/v1/catalogs/{name}/summary`: what happened to a catalogue, in numbers.

use axum::extract::State;
use mainstay::{ErrorCode, Json, Refusal, Role, Routes};
use mainstay_events::projections::{Projections, WaitError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Catalogues;
use crate::api::answers::Moment;
use crate::api::policy::READING;
use crate::api::requests::{MinPosition, Named, PATIENCE, find, late};
use crate::domain::{Catalog, Name};
use crate::ledger::Ledger;
use crate::read::{CATALOG_SUMMARY, CatalogSummary};

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/catalogs")
        .tag("Catalogs")
        .get("/{name}/summary", show)
        .summary("Tells in numbers what happened to a catalog; `x-min-position` says what it must have seen")
        .role(Role::Viewer)
        .errors(&[ErrorCode::NotFound, ErrorCode::StoreUnavailable])
        .errors(READING)
}

/// What happened to a catalog since it was created.
#[derive(Serialize, JsonSchema)]
struct Summary {
    catalog_name: Name,
    /// How many items it has.
    items: u64,
    /// How often it or an item of it was created, changed or deleted.
    changes: u64,
    /// The position of the newest of these in the log; null as long as none was seen.
    last_position: Option<u64>,
    /// When that was.
    last_at: Option<Moment>,
    /// Who did it, if that is known.
    last_actor: Option<String>,
}

async fn show(
    State(ledger): State<Ledger>,
    State(projections): State<Projections>,
    MinPosition(wanted): MinPosition,
    Named(name): Named,
) -> Result<Json<Summary>, Refusal> {
    if let Some(wanted) = wanted {
        projections.wait_for(CATALOG_SUMMARY, wanted, PATIENCE).await.map_err(|error| match error {
            WaitError::Database(error) => error.into(),
            error => late("The summary").because(error),
        })?;
    }
    find::<Catalog>(&ledger, &name).await?;
    let CatalogSummary { items, changes, last } =
        CatalogSummary::find(ledger.events().database(), &name).await?;
    Ok(Json(Summary {
        catalog_name: name,
        items,
        changes,
        last_position: last.as_ref().map(|last| last.position.get()),
        last_at: last.as_ref().map(|last| Moment(last.at)),
        last_actor: last.and_then(|last| last.actor),
    }))
}
