//! Long answers as bodies.

use std::marker::PhantomData;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mainstay::Answer;
use mainstay::routes::{DescribeResponse, Operation};
use schemars::{JsonSchema, SchemaGenerator};

use crate::evaluation::Rendering;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The body of a rendering. One that breaks off ends in an error, which the client sees as a broken transfer.
pub(super) fn body(rendering: Rendering) -> Body {
    match rendering {
        Rendering::Whole(bytes) => Body::from(bytes),
        Rendering::Pieces(pieces) => Body::from_stream(pieces),
    }
}

/// A `T` that was rendered as JSON.
pub(super) struct JsonBody<T> {
    rendering: Rendering,
    shape: PhantomData<fn() -> T>,
}

impl<T> JsonBody<T> {
    pub(super) fn new(rendering: Rendering) -> Self {
        Self { rendering, shape: PhantomData }
    }
}

impl<T> IntoResponse for JsonBody<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, JSON)], body(self.rendering)).into_response()
    }
}

impl<T: JsonSchema> DescribeResponse for JsonBody<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let shape = schemas.subschema_for::<T>();
        operation.answers.push(Answer::new(StatusCode::OK).content("application/json", Some(shape)));
    }
}
