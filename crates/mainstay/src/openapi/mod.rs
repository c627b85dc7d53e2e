//! The API reference, derived from the routes and from the types of their handlers.
//!
//! `GET /openapi.json` is the OpenAPI 3.1 document, `GET /docs` a page rendered from it on the server. The
//! page needs no script, neither ours nor anybody else's.

mod config;
mod document;
mod page;
mod parameters;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use http::header;
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::routes::{DescribeResponse, Operation};
use crate::{Answer, Control, ErrorCode, Exchange, Refusal, Routes};

pub(crate) use config::EXPLANATIONS;
pub use config::ReferenceSettings;
pub use document::{About, document};

/// The reference, made when it is first asked for: most instances are never asked.
#[derive(Clone)]
struct Reference {
    about: About,
    json: Arc<OnceLock<Bytes>>,
    page: Arc<OnceLock<String>>,
}

/// The routes of the reference. They are left out where `DOCS_ENABLED` is no.
pub(crate) fn routes(about: About) -> Routes {
    const WHY: &str = "the reference is public where it is on at all";
    Routes::new()
        .tag("Reference")
        .get("/openapi.json", openapi)
        .summary("This API as an OpenAPI document")
        .public()
        .waive(Control::Session, WHY)
        .get("/docs", docs)
        .summary("This API as a page")
        .public()
        .waive(Control::Session, WHY)
        .with_state(Reference { about, json: Arc::default(), page: Arc::default() })
}

async fn openapi(State(reference): State<Reference>, exchange: Exchange) -> Document {
    let make = || Bytes::from(document(exchange.table(), &reference.about).to_string());
    Document(reference.json.get_or_init(make).clone())
}

async fn docs(State(reference): State<Reference>, exchange: Exchange) -> Result<Html<String>, Refusal> {
    if let Some(page) = reference.page.get() {
        return Ok(Html(page.clone()));
    }
    let page = page::render(&document(exchange.table(), &reference.about))
        .map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))?;
    Ok(Html(reference.page.get_or_init(|| page).clone()))
}

/// A document that is JSON already.
struct Document(Bytes);

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], self.0).into_response()
    }
}

impl DescribeResponse for Document {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let schema = schemas.subschema_for::<serde_json::Map<String, Value>>();
        operation.answers.push(Answer::new(http::StatusCode::OK).content("application/json", Some(schema)));
    }
}
