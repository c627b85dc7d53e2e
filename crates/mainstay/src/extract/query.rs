//! Fields of the query string.

use axum::extract::FromRequestParts;
use http::request::Parts;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::misshapen;
use crate::routes::{DescribeRequest, Operation};
use crate::{ErrorCode, Refusal};

/// The fields of the query string; `validation_failed` with the field where they do not fit, also where one
/// is given twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        fields(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// Reads URL-encoded fields.
pub(super) fn fields<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    let fields = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(fields).map_err(|error| misshapen(&error))
}

impl<T: JsonSchema> DescribeRequest for Query<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        // Inline: a parameter list is not a thing of its own in the reference.
        operation.query = Some(T::json_schema(schemas));
        operation.errors.push(ErrorCode::ValidationFailed);
    }
}
