//! Positions of the log in requests: whoever wrote reads what was written, wherever it is read.
//!
//! Each [answer to a change](crate::api::answers::At) says in `X-Position` where in the log it stands. A client that
//! sends that number as `X-Min-Position` gets an answer which has seen it, or 503.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{Detail, ErrorCode, Refusal};
use mainstay_events::Position;
use schemars::SchemaGenerator;

use crate::ledger::Ledger;

/// Says up to which position of the log the answer must have seen.
const MIN_POSITION: &str = "x-min-position";

/// How long an answer waits for that.
pub(in crate::api) const PATIENCE: Duration = Duration::from_secs(2);

/// How often is looked whether another instance has written it.
const LOOK: Duration = Duration::from_millis(50);

/// What the answer must have seen.
pub(in crate::api) struct MinPosition(pub(in crate::api) Option<Position>);

/// The state that is about to be read has seen what the client has seen.
pub(in crate::api) struct Fresh;

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

impl<S: Send + Sync> FromRequestParts<S> for Fresh
where
    Ledger: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        if let MinPosition(Some(wanted)) = MinPosition::from_request_parts(parts, state).await? {
            let ledger = Ledger::from_ref(state);
            let reached = tokio::time::timeout(PATIENCE, reached(&ledger, wanted)).await;
            reached.map_err(|_| late("The log"))??;
        }
        Ok(Self)
    }
}

/// Waits until the log holds a position. What is written with it has seen it then.
async fn reached(ledger: &Ledger, wanted: Position) -> Result<(), Refusal> {
    let events = ledger.events();
    let mut head = events.watch();
    loop {
        // Before the look: what is appended during it wakes us again.
        head.borrow_and_update();
        if events.head().await? >= wanted {
            return Ok(());
        }
        let _ = tokio::time::timeout(LOOK, head.changed()).await;
    }
}

/// It has not come there in time.
pub(in crate::api) fn late(what: &str) -> Refusal {
    let message = format!("{what} has not come to that position yet.");
    Refusal::new(ErrorCode::StoreUnavailable).message(message).retry_after(PATIENCE)
}

impl DescribeRequest for MinPosition {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push(("X-Min-Position", "wait until the answer has seen this position of the log"));
        operation.errors.extend([ErrorCode::BadRequest, ErrorCode::StoreUnavailable]);
    }
}

impl DescribeRequest for Fresh {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        MinPosition::describe(operation, schemas);
    }
}
