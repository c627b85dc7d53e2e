//! JSON in and out.

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{body, read_json, shaped};
use crate::routes::{DescribeRequest, DescribeResponse, Operation};
use crate::{Answer, ErrorCode, Refusal};

/// A JSON body, read or written.
///
/// | body of the request | refusal |
/// |---|---|
/// | content type other than `application/json` or `application/…+json`, none, or two | `unsupported_media_type` |
/// | packed: a `Content-Encoding` other than `identity` | `unsupported_media_type` |
/// | no JSON, an object that names a member twice, more than half a million values | `malformed_body` |
/// | JSON of another shape | `validation_failed`, with the field |
/// | too large, too slow | `payload_too_large`, `request_timeout` |
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// A JSON answer to a request that created something: 201.
#[derive(Clone, Copy, Debug, Default)]
pub struct Created<T>(pub T);

const JSON: &str = "application/json";

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Refusal> {
        body::expect_type(request.headers(), is_json, JSON)?;
        let text = body::read(request.into_body()).await?;
        shaped(read_json(&text)?).map(Self)
    }
}

/// A body that may be left out: there is none where the request names no content type and sends no byte.
impl<S, T> OptionalFromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Option<Self>, Refusal> {
        let (head, body) = request.into_parts();
        let text = body::read(body).await?;
        if text.is_empty() && !head.headers.contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        body::expect_type(&head.headers, is_json, JSON)?;
        shaped(read_json(&text)?).map(|value| Some(Self(value)))
    }
}

fn is_json(essence: &str) -> bool {
    essence == JSON || essence.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let content_type = HeaderValue::from_static("application/json; charset=utf-8");
                ([(header::CONTENT_TYPE, content_type)], body).into_response()
            }
            Err(error) => Refusal::new(ErrorCode::InternalError).because(error).into_response(),
        }
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> DescribeRequest for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        operation.bodies.push((JSON, schemas.subschema_for::<T>()));
        operation.errors.extend([
            ErrorCode::UnsupportedMediaType,
            ErrorCode::MalformedBody,
            ErrorCode::ValidationFailed,
            ErrorCode::PayloadTooLarge,
            ErrorCode::RequestTimeout,
        ]);
    }
}

impl<T: JsonSchema> DescribeRequest for Option<Json<T>> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<T> as DescribeRequest>::describe(operation, schemas);
    }
}

impl<T: JsonSchema> DescribeResponse for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let answer = Answer::new(StatusCode::OK).content(JSON, Some(schemas.subschema_for::<T>()));
        operation.answers.push(answer);
    }
}

impl<T: JsonSchema> DescribeResponse for Created<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let answer = Answer::new(StatusCode::CREATED).content(JSON, Some(schemas.subschema_for::<T>()));
        operation.answers.push(answer);
    }
}
