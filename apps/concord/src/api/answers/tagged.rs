//! Answers with an `ETag`, and those to clients that have seen it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mainstay::routes::{DescribeResponse, Operation};
use mainstay::{Answer, Json};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use crate::api::requests::IfNoneMatch;
use crate::domain::Stored;

/// An answer with the `ETag` of the state that it shows.
pub(in crate::api) struct Tagged<A> {
    pub(in crate::api) tag: u64,
    pub(in crate::api) answer: A,
}

impl<T> Tagged<Found<T>> {
    /// A thing, unless the client has it.
    pub(in crate::api) fn unless_seen<C>(stored: Stored<C>, seen: &IfNoneMatch) -> Self
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
pub(in crate::api) enum Found<T> {
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
