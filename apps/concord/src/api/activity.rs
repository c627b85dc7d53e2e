//! `/api/v1/activity`: what happened.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use mainstay::routes::{DescribeResponse, Operation};
use mainstay::{ErrorCode, Json, Query, Refusal, Role, Routes};
use mainstay_events::{Position, ReadError, RecordedEvent};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::Moment;
use super::position::Fresh;
use super::query::bounded;
use super::{READING, STALE};
use crate::domain::{Fact, Kind, Name, Subject};
use crate::ledger::Ledger;
use crate::service::Catalogues;

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

fn default_limit() -> u32 {
    100
}

/// Something that happened.
#[derive(Serialize, JsonSchema)]
pub(super) struct Happening {
    /// Its place in the log; the first has 1, and there are no gaps.
    pub(super) position: u64,
    /// What happened: `item_created`.
    pub(super) r#type: String,
    /// To what kind of thing; null if this version of the service does not know.
    kind: Option<Kind>,
    /// Its name, or the id of an item.
    name: Option<Name>,
    /// The catalog of an item.
    catalog_name: Option<Name>,
    /// Who did it, if that is known.
    actor: Option<String>,
    /// The request that began it.
    #[schemars(with = "Option<String>")]
    request_id: Option<Uuid>,
    /// When.
    at: Moment,
}

impl From<RecordedEvent> for Happening {
    fn from(event: RecordedEvent) -> Self {
        let fact = event.decode::<Fact>().ok();
        let subject = fact.as_ref().map(Fact::subject);
        Self {
            position: event.position.get(),
            kind: subject.map(|Subject { kind, .. }| kind),
            name: subject.map(|Subject { name, .. }| name.clone()),
            catalog_name: subject.and_then(|Subject { catalog, .. }| catalog.cloned()),
            actor: event.actor,
            request_id: event.correlation_id,
            at: Moment(event.recorded_at),
            r#type: event.event_type,
        }
    }
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
        let next = format!("</api/v1/activity?before={oldest}&limit={}>; rel=\"next\"", self.limit);
        let mut response = Json(self.happenings).into_response();
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-total-count"), HeaderValue::from(self.total));
        if oldest > 1
            && let Ok(next) = HeaderValue::from_str(&next)
        {
            headers.insert(header::LINK, next);
        }
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
