//! `/api/v1/catalogs/{name}/summary`: what happened to a catalogue, in numbers.

use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{Detail, ErrorCode, Json, Refusal, Role, Routes};
use mainstay_events::Position;
use mainstay_events::projections::{Projections, WaitError};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use super::answer::Moment;
use super::path::Named;
use super::{READING, find};
use crate::domain::{Catalog, Name};
use crate::ledger::Ledger;
use crate::read::{CATALOG_SUMMARY, CatalogSummary};
use crate::service::Catalogues;

/// Says up to which position of the log the answer must have seen.
const MIN_POSITION: &str = "x-min-position";

/// How long an answer waits for that.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// What the answer must have seen.
struct MinPosition(Option<Position>);

impl<S: Send + Sync> FromRequestParts<S> for MinPosition {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get(MIN_POSITION) else { return Ok(Self(None)) };
        let position = value.to_str().ok().and_then(|text| text.parse().ok());
        let wrong = || {
            let message = "A position is a whole number, such as the ids of /api/v1/events.";
            Refusal::new(ErrorCode::BadRequest).message(message).detail(Detail::new(
                MIN_POSITION,
                "invalid_position",
                message,
            ))
        };
        position.map(|position| Self(Some(Position::new(position)))).ok_or_else(wrong)
    }
}

impl DescribeRequest for MinPosition {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push(("X-Min-Position", "wait until the answer has seen this position of the log"));
        operation.errors.push(ErrorCode::BadRequest);
    }
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
            error => Refusal::new(ErrorCode::StoreUnavailable)
                .message("The summaries have not come to that position yet.")
                .retry_after(PATIENCE)
                .because(error),
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
