//! Parameters in the path.

use axum::extract::FromRequestParts;
use http::request::Parts;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

use crate::routes::{DescribeRequest, Operation};
use crate::{ErrorCode, Refusal};

/// The parameters of the path, percent-decoded once; `bad_request` with the reason where one does not fit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|rejection| {
            let status = rejection.status();
            let refusal = Refusal::new(ErrorCode::of_status(status));
            if status.is_client_error() {
                refusal.message(rejection.body_text())
            } else {
                refusal.because(rejection)
            }
        })
    }
}

impl<T: JsonSchema> DescribeRequest for Path<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        operation.path = Some(T::json_schema(schemas));
        operation.errors.push(ErrorCode::BadRequest);
    }
}
