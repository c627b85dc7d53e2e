//! `/evaluate/pair` and `/evaluate/item`

use axum::extract::State;
use mainstay::{Exchange, Json, Refusal};
use schemars::JsonSchema;
use serde::Deserialize;

use super::body::JsonBody;
use super::{deadline, pairwise};
use crate::api::requests::{Fresh, name};
use crate::engine::ComparisonResult;
use crate::evaluation::Evaluator;

/// Two items of a catalogue, which may be the same.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PairQuestion {
    item1_id: String,
    item2_id: String,
    catalog_name: String,
    ruleset_name: String,
}

pub(super) async fn pair(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Json(body): Json<PairQuestion>,
) -> Result<Json<ComparisonResult>, Refusal> {
    let subject = pairwise(&body.catalog_name, &body.ruleset_name)?;
    let (item1, item2) = (name("item1_id", &body.item1_id)?, name("item2_id", &body.item2_id)?);
    let result = evaluator.pair(&subject, item1.as_str(), item2.as_str(), deadline(&exchange)).await?;
    Ok(Json(result))
}

/// An item of a catalogue.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ItemQuestion {
    item_id: String,
    catalog_name: String,
    ruleset_name: String,
}

pub(super) async fn item(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Json(body): Json<ItemQuestion>,
) -> Result<JsonBody<Vec<ComparisonResult>>, Refusal> {
    let subject = pairwise(&body.catalog_name, &body.ruleset_name)?;
    let item = name("item_id", &body.item_id)?;
    let rendering = evaluator.item(&subject, item.as_str(), deadline(&exchange)).await?;
    Ok(JsonBody::new(rendering))
}
