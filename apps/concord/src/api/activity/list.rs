//! `/api/v1/activity`: what happened.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use mainstay::routes::{DescribeResponse, Operation};
use mainstay::{ErrorCode, Json, Query, Refusal, Role, Routes};
use mainstay_events::{Position, ReadError};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::happening::Happening;
use crate::api::Catalogues;
use crate::api::answers::{TOTAL_COUNT, insert_links};
use crate::api::policy::{READING, STALE};
use crate::api::requests::{Fresh, bounded, default_limit};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/activity")
        .tag("Activity")
        .get("", list)
        .summary("Lists what happened, newest first")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(READING)
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
struct ActivityQuery {
    /// Only what happened before this position; without it, the newest.
    before: Option<u64>,
    /// How many to return, at most 1000.
    #[serde(default = "default_limit")]
    #[schemars(range(max = 1000))]
    limit: u32,
}

/// A page, with the way to the one before it in time.
struct Activity {
    happenings: Vec<Happening>,
    total: u64,
    limit: u32,
}

impl IntoResponse for Activity {
    fn into_response(self) -> Response {
        let oldest = self.happenings.last().map_or(0, |happening| happening.position);
        let next =
            (oldest > 1).then(|| ("next", format!("/api/v1/activity?before={oldest}&limit={}", self.limit)));
        let mut response = Json(self.happenings).into_response();
        let headers = response.headers_mut();
        headers.insert(TOTAL_COUNT, HeaderValue::from(self.total));
        insert_links(headers, next);
        response
    }
}

impl DescribeResponse for Activity {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<Vec<Happening>> as DescribeResponse>::describe(operation, schemas);
    }
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    Query(ActivityQuery { before, limit }): Query<ActivityQuery>,
) -> Result<Activity, Refusal> {
    let limit = bounded("limit", limit)?;
    let total = ledger.events().head().await?.get();
    // Positions have no gaps, so the page is found by counting.
    let end = before.map_or(total, |before| before.saturating_sub(1).min(total));
    let start = end.saturating_sub(u64::from(limit));
    let count = u32::try_from(end - start).unwrap_or(limit);
    let mut events = match ledger.events().read_from(Position::new(start), count).await {
        Ok(events) => events,
        Err(ReadError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(Refusal::new(ErrorCode::InternalError).because(error)),
    };
    events.reverse();
    Ok(Activity { happenings: events.into_iter().map(Happening::from).collect(), total, limit })
}
