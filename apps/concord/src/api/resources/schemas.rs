//! `/api/v1/schemas`

use axum::extract::State;
use mainstay::{Created, ErrorCode, Exchange, Json, Query, Refusal, Role, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::listed;
use crate::api::Catalogues;
use crate::api::answers::{At, Found, Listing, Message, Moment, Tagged};
use crate::api::policy::{READING, STALE};
use crate::api::requests::{
    Fresh, IfMatch, IfNoneMatch, Named, Objects, Paging, Repeatable, Writing, find, name, origin,
};
use crate::commands::{ChangeSchema, CreateSchema, DeleteSchema, Warning, Written};
use crate::domain::{Kind, Name, Schema, Stored};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/schemas")
        .tag("Schemas")
        .post("", create)
        .summary("Creates a schema")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists schemas")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(READING)
        .get("/{name}", show)
        .summary("Shows a schema")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{name}", change)
        .summary("Changes a schema")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{name}", delete)
        .summary("Deletes a schema, with its rulesets, cluster rulesets and catalogs")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewSchema {
    /// Its name: 1 to 128 characters, no control characters, no path separators, no leading dot.
    name: String,
    /// Three numbers separated by dots.
    version: String,
    /// What it is for.
    description: Option<String>,
    /// The dimensions: each with a name, a type, and what the type needs.
    dimensions: Objects,
}

/// What is given, and not null, replaces what is stored.
#[derive(Deserialize, JsonSchema)]
struct SchemaUpdate {
    /// Three numbers separated by dots.
    version: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The dimensions, all of them.
    dimensions: Option<Objects>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Schema")]
struct SchemaView {
    /// Its number among the schemas; never used again.
    id: i64,
    name: Name,
    version: String,
    description: Option<String>,
    /// As they were sent.
    dimensions: Vec<Value>,
    created_at: Moment,
    /// When a value of it last changed.
    updated_at: Moment,
    /// Only there, and true, if no evaluation can use it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    invalid: bool,
    /// Only there in answers to writes: what was stored although it is questionable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

impl SchemaView {
    /// With what the client should know of it.
    fn warned(stored: Stored<Schema>, written: Written) -> Self {
        Self { warnings: written.warnings, ..stored.into() }
    }
}

impl From<Stored<Schema>> for SchemaView {
    fn from(stored: Stored<Schema>) -> Self {
        let Schema { name, version, description, dimensions, invalid } = stored.content;
        let (created_at, updated_at) = (Moment(stored.created_at), Moment(stored.updated_at));
        let (id, warnings) = (stored.id, Vec::new());
        Self { id, name, version, description, dimensions, created_at, updated_at, invalid, warnings }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    repeatable: Repeatable,
    Json(body): Json<NewSchema>,
) -> Result<At<Tagged<Created<SchemaView>>>, Refusal> {
    let origin = repeatable.origin(&body)?;
    let name = name("name", &body.name)?;
    let NewSchema { version, description, dimensions: Objects(dimensions), .. } = body;
    let schema = Schema { name: name.clone(), version, description, dimensions, invalid: false };
    ledger.carry_out(&CreateSchema { schema }, &origin).await?;
    let stored = find::<Schema>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Created(stored.into()) }))
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    paging: Paging,
) -> Result<Listing<SchemaView>, Refusal> {
    listed::<Schema, _>(&ledger, paging).await
}

async fn show(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<SchemaView>>, Refusal> {
    Ok(Tagged::unless_seen(find::<Schema>(&ledger, &name).await?, &seen))
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Query(Writing { validate: strictness }): Query<Writing>,
    Json(body): Json<SchemaUpdate>,
) -> Result<At<Tagged<Json<SchemaView>>>, Refusal> {
    let origin = origin(&exchange);
    let SchemaUpdate { version, description, dimensions } = body;
    let dimensions = dimensions.map(|Objects(dimensions)| dimensions);
    let command =
        ChangeSchema { name: name.clone(), version, description, dimensions, precondition, strictness };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find::<Schema>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(SchemaView::warned(stored, written)) }))
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
) -> Result<At<Json<Message>>, Refusal> {
    let origin = origin(&exchange);
    let command = DeleteSchema { name: name.clone(), precondition };
    let deleted = ledger.carry_out(&command, &origin).await?;
    Ok(At::of(&origin, Message::deleted(Kind::Schema, &name, deleted)))
}
