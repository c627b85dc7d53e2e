//! `/api/v1/catalogs/{name}/items`

use axum::extract::State;
use mainstay::{Created, ErrorCode, Exchange, Json, Query, Refusal, Role, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Catalogues;
use crate::api::answers::{At, Found, Listing, Message, Moment, Tagged};
use crate::api::policy::{READING, STALE};
use crate::api::requests::{
    Fresh, IfMatch, IfNoneMatch, Named, NamedItem, Paging, Repeatable, Writing, find_in, find_item, name,
    origin,
};
use crate::commands::{ChangeItem, CreateItem, DeleteItem, Warning, Written};
use crate::domain::{Catalog, Item, Kind, Name, Object, Stored};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/catalogs/{name}/items")
        .tag("Items")
        .post("", create)
        .summary("Creates an item")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists the items of a catalog")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .get("/{item_id}", show)
        .summary("Shows an item")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{item_id}", change)
        .summary("Changes an item")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{item_id}", delete)
        .summary("Deletes an item")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewItem {
    /// Its id, unique in its catalog: 1 to 128 characters, no control characters, no path separators, no
    /// leading dot.
    item_id: String,
    /// What people call it.
    name: String,
    /// Its attributes, as the schema of the catalog has them.
    attributes: Object,
    /// Whatever is to be kept with it.
    metadata: Option<Object>,
}

/// What is given, and not null, replaces the whole of what is stored.
#[derive(Deserialize, JsonSchema)]
struct ItemUpdate {
    name: Option<String>,
    attributes: Option<Object>,
    metadata: Option<Object>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Item")]
struct ItemView {
    /// Its number among all items; never used again.
    id: i64,
    item_id: Name,
    name: String,
    attributes: Object,
    metadata: Object,
    catalog_name: Name,
    created_at: Moment,
    /// When a value of it last changed.
    updated_at: Moment,
    /// Only there, and true, if it did not fit its schema when it was stored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    invalid: bool,
    /// Only there in answers to writes: what was stored although it is questionable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

impl ItemView {
    /// With what the client should know of it.
    fn warned(stored: Stored<Item>, written: Written) -> Self {
        Self { warnings: written.warnings, ..stored.into() }
    }
}

impl From<Stored<Item>> for ItemView {
    fn from(stored: Stored<Item>) -> Self {
        let item = stored.content;
        Self {
            id: stored.id,
            item_id: item.item_id,
            name: item.name,
            attributes: item.attributes,
            metadata: item.metadata,
            catalog_name: item.catalog_name,
            created_at: Moment(stored.created_at),
            updated_at: Moment(stored.updated_at),
            invalid: item.invalid,
            warnings: Vec::new(),
        }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    repeatable: Repeatable,
    Named(catalog_name): Named,
    Query(writing): Query<Writing>,
    Json(body): Json<NewItem>,
) -> Result<At<Tagged<Created<ItemView>>>, Refusal> {
    let origin = repeatable.origin(&(&writing, &body))?;
    let command = CreateItem {
        catalog_name,
        item_id: name("item_id", &body.item_id)?,
        name: body.name,
        attributes: body.attributes,
        metadata: body.metadata.unwrap_or_default(),
        strictness: writing.validate,
    };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find_item(&ledger, &command.catalog_name, &command.item_id).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Created(ItemView::warned(stored, written)) }))
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
    paging: Paging,
) -> Result<Listing<ItemView>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let catalog = find_in::<Catalog>(&mut snapshot, &name).await?;
    let rows = snapshot.items(&catalog, paging.page).await?.into_iter().map(ItemView::from).collect();
    Ok(Listing { rows, total: catalog.item_count, paging })
}

async fn show(
    State(ledger): State<Ledger>,
    _: Fresh,
    NamedItem { catalog, item_id }: NamedItem,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<ItemView>>, Refusal> {
    Ok(Tagged::unless_seen(find_item(&ledger, &catalog, &item_id).await?, &seen))
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    NamedItem { catalog, item_id }: NamedItem,
    IfMatch(precondition): IfMatch,
    Query(Writing { validate: strictness }): Query<Writing>,
    Json(body): Json<ItemUpdate>,
) -> Result<At<Tagged<Json<ItemView>>>, Refusal> {
    let origin = origin(&exchange);
    let ItemUpdate { name, attributes, metadata } = body;
    let command =
        ChangeItem { catalog_name: catalog, item_id, name, attributes, metadata, precondition, strictness };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find_item(&ledger, &command.catalog_name, &command.item_id).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(ItemView::warned(stored, written)) }))
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    NamedItem { catalog, item_id }: NamedItem,
    IfMatch(precondition): IfMatch,
) -> Result<At<Json<Message>>, Refusal> {
    let origin = origin(&exchange);
    let command = DeleteItem { catalog_name: catalog, item_id, precondition };
    let deleted = ledger.carry_out(&command, &origin).await?;
    Ok(At::of(&origin, Message::deleted(Kind::Item, &command.item_id, deleted)))
}
