//! `/api/v1/schemas`

use axum::extract::State;
use mainstay::{Created, ErrorCode, Exchange, Json, Query, Refusal, Role, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Found, Listing, Message, Moment, Tagged, Warned};
use super::body::{Objects, name};
use super::path::Named;
use super::precondition::{IfMatch, IfNoneMatch};
use super::query::{Paging, Writing};
use super::repeat::{Repeatable, origin};
use super::{READING, find};
use crate::domain::{ChangeSchema, CreateSchema, DeleteSchema, Kind, Name, Schema, Stored};
use crate::ledger::Ledger;
use crate::service::Catalogues;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/schemas")
        .tag("Schemas")
        .post("", create)
        .summary("Creates a schema")
        .role(Role::Editor)
        .errors(&[ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists schemas")
        .role(Role::Viewer)
        .errors(READING)
        .get("/{name}", show)
        .summary("Shows a schema")
        .role(Role::Viewer)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{name}", change)
        .summary("Changes a schema")
        .role(Role::Editor)
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{name}", delete)
        .summary("Deletes a schema, with its rulesets, cluster rulesets and catalogs")
        .role(Role::Editor)
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewSchema {
    name: String,
    /// Three numbers separated by dots.
    version: String,
    description: Option<String>,
    dimensions: Objects,
}

/// What is given, and not null, replaces what is stored.
#[derive(Deserialize, JsonSchema)]
struct SchemaUpdate {
    version: Option<String>,
    description: Option<String>,
    dimensions: Option<Objects>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Schema")]
struct SchemaView {
    id: i64,
    name: Name,
    version: String,
    description: Option<String>,
    dimensions: Vec<Value>,
    created_at: Moment,
    updated_at: Moment,
    /// Only there, and true, if no evaluation can use it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    invalid: bool,
}

impl From<Stored<Schema>> for SchemaView {
    fn from(stored: Stored<Schema>) -> Self {
        let Schema { name, version, description, dimensions, invalid } = stored.content;
        let (created_at, updated_at) = (Moment(stored.created_at), Moment(stored.updated_at));
        Self { id: stored.id, name, version, description, dimensions, created_at, updated_at, invalid }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    repeatable: Repeatable,
    Json(body): Json<NewSchema>,
) -> Result<Tagged<Created<SchemaView>>, Refusal> {
    let origin = repeatable.origin(&body)?;
    let name = name("name", &body.name)?;
    let NewSchema { version, description, dimensions: Objects(dimensions), .. } = body;
    let schema = Schema { name: name.clone(), version, description, dimensions, invalid: false };
    ledger.carry_out(&CreateSchema { schema }, &origin).await?;
    let stored = find::<Schema>(&ledger, &name).await?;
    Ok(Tagged { tag: stored.tag, answer: Created(stored.into()) })
}

async fn list(State(ledger): State<Ledger>, paging: Paging) -> Result<Listing<SchemaView>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let total = snapshot.count::<Schema>().await?;
    let rows = snapshot.page::<Schema>(paging.page).await?.into_iter().map(SchemaView::from).collect();
    Ok(Listing { rows, total, paging })
}

async fn show(
    State(ledger): State<Ledger>,
    Named(name): Named,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<SchemaView>>, Refusal> {
    let stored = find::<Schema>(&ledger, &name).await?;
    let tag = stored.tag;
    let answer = if seen.has(tag) { Found::NotModified } else { Found::Thing(Json(stored.into())) };
    Ok(Tagged { tag, answer })
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Query(Writing { validate: strictness }): Query<Writing>,
    Json(body): Json<SchemaUpdate>,
) -> Result<Tagged<Json<Warned<SchemaView>>>, Refusal> {
    let SchemaUpdate { version, description, dimensions } = body;
    let dimensions = dimensions.map(|Objects(dimensions)| dimensions);
    let command =
        ChangeSchema { name: name.clone(), version, description, dimensions, precondition, strictness };
    let written = ledger.carry_out(&command, &origin(&exchange)).await?;
    let stored = find::<Schema>(&ledger, &name).await?;
    Ok(Tagged { tag: stored.tag, answer: Json(Warned::new(stored.into(), written.warnings)) })
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
) -> Result<Json<Message>, Refusal> {
    let command = DeleteSchema { name: name.clone(), precondition };
    let deleted = ledger.carry_out(&command, &origin(&exchange)).await?;
    Ok(Message::deleted(Kind::Schema, &name, deleted))
}
