//! Names in paths.

use axum::extract::FromRequestParts;
use http::request::Parts;
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{ErrorCode, Path, Refusal};
use schemars::{JsonSchema, SchemaGenerator};

use crate::api::refusals::bad_name;
use crate::domain::Name;

/// The name that a path ends with.
pub(in crate::api) struct Named(pub(in crate::api) Name);

/// The catalogue and the item that a path names.
pub(in crate::api) struct NamedItem {
    pub(in crate::api) catalog: Name,
    pub(in crate::api) item_id: Name,
}

/// The catalogue whose items a path names.
impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        Name::parse(text).map(Self).map_err(|error| bad_name("name", error))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NamedItem {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path((catalog, item_id)) = Path::<(String, String)>::from_request_parts(parts, state).await?;
        Ok(Self {
            catalog: Name::parse(catalog).map_err(|error| bad_name("name", error))?,
            item_id: Name::parse(item_id).map_err(|error| bad_name("item_id", error))?,
        })
    }
}

impl DescribeRequest for Named {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        operation.path = Some(Name::json_schema(schemas));
        operation.errors.push(ErrorCode::BadRequest);
    }
}

impl DescribeRequest for NamedItem {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        Named::describe(operation, schemas);
    }
}
