//! `/api/v1/catalogs`

use axum::extract::State;
use mainstay::{Created, ErrorCode, Exchange, Json, Refusal, Role, Routes};
use mainstay_core::{Clock, random};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::listed;
use crate::api::Catalogues;
use crate::api::answers::{At, Found, Listing, Message, Moment, Tagged};
use crate::api::policy::{READING, STALE};
use crate::api::requests::{Fresh, IfMatch, IfNoneMatch, Named, Paging, Repeatable, find, name, origin};
use crate::commands::{ChangeCatalog, CreateCatalog, DeleteCatalog, Patch, PatchCatalog};
use crate::domain::{Catalog, Kind, Name, Object, Stored};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/catalogs")
        .tag("Catalogs")
        .post("", create)
        .summary("Creates a catalog")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists catalogs")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(READING)
        .get("/{name}", show)
        .summary("Shows a catalog without its items")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{name}", change)
        .summary("Changes a catalog")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .patch("/{name}", patch)
        .summary("Merges a patch into a catalog (RFC 7396)")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{name}", delete)
        .summary("Deletes a catalog with its items")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewCatalog {
    /// Its name: 1 to 128 characters, no control characters, no path separators, no leading dot.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The schema of its items.
    schema_name: String,
    /// Whatever is to be kept with it.
    metadata: Option<Object>,
}

/// What is given, and not null, replaces what is stored. The schema and the items stay.
#[derive(Deserialize, JsonSchema)]
struct CatalogUpdate {
    description: Option<String>,
    metadata: Option<Object>,
}

/// What is given is merged into what is stored; null removes.
#[derive(Deserialize, JsonSchema)]
struct CatalogPatch {
    #[serde(default)]
    description: Patch<String>,
    #[serde(default)]
    metadata: Patch<Object>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Catalog")]
struct CatalogView {
    /// Its number among the catalogs; never used again.
    id: i64,
    name: Name,
    description: Option<String>,
    schema_name: Name,
    metadata: Object,
    /// How many items it has.
    item_count: u64,
    created_at: Moment,
    /// When a value of it last changed. Its items have times of their own.
    updated_at: Moment,
}

impl From<Stored<Catalog>> for CatalogView {
    fn from(stored: Stored<Catalog>) -> Self {
        let Catalog { uid: _, name, description, schema_name, metadata } = stored.content;
        let (created_at, updated_at) = (Moment(stored.created_at), Moment(stored.updated_at));
        let (id, item_count) = (stored.id, stored.item_count);
        Self { id, name, description, schema_name, metadata, item_count, created_at, updated_at }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    State(clock): State<Clock>,
    repeatable: Repeatable,
    Json(body): Json<NewCatalog>,
) -> Result<At<Tagged<Created<CatalogView>>>, Refusal> {
    let origin = repeatable.origin(&body)?;
    let own = name("name", &body.name)?;
    let catalog = Catalog {
        uid: random::uuid(&clock),
        name: own.clone(),
        description: body.description,
        schema_name: name("schema_name", &body.schema_name)?,
        metadata: body.metadata.unwrap_or_default(),
    };
    ledger.carry_out(&CreateCatalog { catalog }, &origin).await?;
    let stored = find::<Catalog>(&ledger, &own).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Created(stored.into()) }))
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    paging: Paging,
) -> Result<Listing<CatalogView>, Refusal> {
    listed::<Catalog, _>(&ledger, paging).await
}

async fn show(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<CatalogView>>, Refusal> {
    Ok(Tagged::unless_seen(find::<Catalog>(&ledger, &name).await?, &seen))
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Json(body): Json<CatalogUpdate>,
) -> Result<At<Tagged<Json<CatalogView>>>, Refusal> {
    let origin = origin(&exchange);
    let CatalogUpdate { description, metadata } = body;
    let command = ChangeCatalog { name: name.clone(), description, metadata, precondition };
    ledger.carry_out(&command, &origin).await?;
    let stored = find::<Catalog>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(stored.into()) }))
}

async fn patch(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Json(body): Json<CatalogPatch>,
) -> Result<At<Tagged<Json<CatalogView>>>, Refusal> {
    let origin = origin(&exchange);
    let CatalogPatch { description, metadata } = body;
    let command = PatchCatalog { name: name.clone(), description, metadata, precondition };
    ledger.carry_out(&command, &origin).await?;
    let stored = find::<Catalog>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(stored.into()) }))
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
) -> Result<At<Json<Message>>, Refusal> {
    let origin = origin(&exchange);
    let command = DeleteCatalog { name: name.clone(), precondition };
    let deleted = ledger.carry_out(&command, &origin).await?;
    Ok(At::of(&origin, Message::deleted(Kind::Catalog, &name, deleted)))
}
