//! The shapes of answers.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use mainstay::routes::{DescribeResponse, Operation};
use mainstay::{Answer, Json};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::precondition::IfNoneMatch;
use super::query::Paging;
use crate::domain::{Deleted, Kind, Name, Stored};

/// How many rows a list has in all.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// What was done, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(super) struct Message {
    /// What was done.
    pub(super) message: String,
    /// What else is to be said of it.
    pub(super) detail: Option<String>,
}

impl Message {
    /// That something was deleted, and what went with it.
    pub(super) fn deleted(kind: Kind, name: &Name, deleted: Deleted) -> Json<Self> {
        let message = format!("{kind} '{name}' deleted successfully");
        Json(Self { message, detail: deleted.with_it })
    }
}

/// A moment: UTC with offset, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

/// An answer with the `ETag` of the state that it shows.
pub(super) struct Tagged<A> {
    pub(super) tag: u64,
    pub(super) answer: A,
}

impl<T> Tagged<Found<T>> {
    /// A thing, unless the client has it.
    pub(super) fn unless_seen<C>(stored: Stored<C>, seen: &IfNoneMatch) -> Self
    where
        T: From<Stored<C>>,
    {
        let tag = stored.tag;
        let answer = if seen.has(tag) { Found::NotModified } else { Found::Thing(Json(stored.into())) };
        Self { tag, answer }
    }
}

impl<A: IntoResponse> IntoResponse for Tagged<A> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.tag)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl<A: DescribeResponse> DescribeResponse for Tagged<A> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        A::describe(operation, schemas);
    }
}

/// The answer to a conditional request: the thing, or nothing if the client has it.
pub(super) enum Found<T> {
    /// It is another one than the client has.
    Thing(Json<T>),
    /// The client has it.
    NotModified,
}

impl<T: Serialize> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Thing(thing) => thing.into_response(),
            Self::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        }
    }
}

impl<T: JsonSchema> DescribeResponse for Found<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<T> as DescribeResponse>::describe(operation, schemas);
        operation.answers.push(Answer::new(StatusCode::NOT_MODIFIED));
    }
}

/// A part of a list, with links to the parts around it.
pub(super) struct Listing<T> {
    pub(super) rows: Vec<T>,
    pub(super) total: u64,
    pub(super) paging: Paging,
}

impl<T: Serialize> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        let Self { rows, total, paging } = self;
        let links = links(&paging, total);
        let mut response = Json(rows).into_response();
        response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
        if let Ok(links) = HeaderValue::from_str(&links)
            && !links.is_empty()
        {
            response.headers_mut().insert(header::LINK, links);
        }
        response
    }
}

/// The parts around one part, as far as there are any.
fn links(Paging { page, path }: &Paging, total: u64) -> String {
    let (skip, limit) = (u64::from(page.skip), u64::from(page.limit));
    if limit == 0 {
        return String::new();
    }
    let link = |skip: u64, relation| format!("<{path}?skip={skip}&limit={limit}>; rel=\"{relation}\"");
    let previous = (skip > 0).then(|| link(skip.saturating_sub(limit), "prev"));
    let next = (skip + limit < total).then(|| link(skip + limit, "next"));
    previous.into_iter().chain(next).collect::<Vec<_>>().join(", ")
}

impl<T: JsonSchema> DescribeResponse for Listing<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<Vec<T>> as DescribeResponse>::describe(operation, schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Page;

    #[test]
    fn links_lead_to_the_parts_that_are_there() {
        let at = |skip, limit, total| links(&Paging { page: Page { skip, limit }, path: "/x".into() }, total);
        assert_eq!(at(0, 100, 100), "");
        assert_eq!(at(0, 100, 101), "</x?skip=100&limit=100>; rel=\"next\"");
        assert_eq!(at(50, 100, 150), "</x?skip=0&limit=100>; rel=\"prev\"");
        assert_eq!(
            at(200, 100, 400),
            "</x?skip=100&limit=100>; rel=\"prev\", </x?skip=300&limit=100>; rel=\"next\""
        );
        assert_eq!(at(0, 0, 5), "");
    }

    #[test]
    fn moments_have_their_offset() {
        let moment = Moment(Timestamp::from_microsecond(1_500_000).unwrap());
        assert_eq!(serde_json::to_value(moment).unwrap(), "1970-01-01T00:00:01.500000+00:00");
    }
}
