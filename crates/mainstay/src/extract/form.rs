//! Bodies of HTML forms.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{body, query};
use crate::controls::csrf;
use crate::routes::{DescribeRequest, Operation};
use crate::{ErrorCode, Refusal};

/// The fields of a form sent as `application/x-www-form-urlencoded`, without the token against request forgery.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<T>(pub T);

const FORM: &str = "application/x-www-form-urlencoded";

impl<S, T> FromRequest<S> for Form<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Refusal> {
        body::expect_type(request.headers(), |essence| essence == FORM, FORM)?;
        let fields = body::read(request.into_body()).await?;
        query::fields(&csrf::without_token(&fields)).map(Self)
    }
}

impl<T: JsonSchema> DescribeRequest for Form<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        operation.bodies.push((FORM, schemas.subschema_for::<T>()));
        operation.errors.extend([
            ErrorCode::UnsupportedMediaType,
            ErrorCode::ValidationFailed,
            ErrorCode::PayloadTooLarge,
            ErrorCode::RequestTimeout,
        ]);
    }
}
