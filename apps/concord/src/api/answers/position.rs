//! Answers to changes: whoever wrote learns where in the log it stands.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use mainstay::routes::{DescribeResponse, Operation};
use mainstay_events::Position;
use schemars::SchemaGenerator;

use crate::ledger::Origin;

/// Says where in the log a change stands.
const POSITION: HeaderName = HeaderName::from_static("x-position");

/// The answer to a change, with its position.
pub(in crate::api) struct At<A> {
    position: Option<Position>,
    answer: A,
}

impl<A> At<A> {
    /// An answer to what this origin has brought.
    pub(in crate::api) fn of(origin: &Origin, answer: A) -> Self {
        Self { position: origin.recorded(), answer }
    }
}

impl<A: IntoResponse> IntoResponse for At<A> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if let Some(position) = self.position {
            response.headers_mut().insert(POSITION, HeaderValue::from(position.get()));
        }
        response
    }
}

impl<A: DescribeResponse> DescribeResponse for At<A> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        A::describe(operation, schemas);
    }
}
