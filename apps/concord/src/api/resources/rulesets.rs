//! `/api/v1/rulesets`

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
use crate::commands::{ChangeRuleset, CreateRuleset, DeleteRuleset, Warning, Written};
use crate::domain::{Kind, Name, Ruleset, Stored};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/rulesets")
        .tag("Rulesets")
        .post("", create)
        .summary("Creates a pairwise ruleset")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists pairwise rulesets")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(READING)
        .get("/{name}", show)
        .summary("Shows a pairwise ruleset")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{name}", change)
        .summary("Changes a pairwise ruleset")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{name}", delete)
        .summary("Deletes a pairwise ruleset, with the cluster rulesets that name it")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewRuleset {
    /// Its name: 1 to 128 characters, no control characters, no path separators, no leading dot.
    name: String,
    /// Three numbers separated by dots.
    version: String,
    /// What it is for.
    description: Option<String>,
    /// The schema that it speaks of.
    schema_name: String,
    /// The rules: each with a name, a type and a condition.
    rules: Objects,
}

/// What is given, and not null, replaces what is stored. The schema stays.
#[derive(Deserialize, JsonSchema)]
struct RulesetUpdate {
    /// Three numbers separated by dots.
    version: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The rules, all of them.
    rules: Option<Objects>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ruleset")]
struct RulesetView {
    /// Its number among the rulesets; never used again.
    id: i64,
    name: Name,
    version: String,
    description: Option<String>,
    schema_name: Name,
    /// As they were sent.
    rules: Vec<Value>,
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

impl RulesetView {
    /// With what the client should know of it.
    fn warned(stored: Stored<Ruleset>, written: Written) -> Self {
        Self { warnings: written.warnings, ..stored.into() }
    }
}

impl From<Stored<Ruleset>> for RulesetView {
    fn from(stored: Stored<Ruleset>) -> Self {
        let Ruleset { name, version, description, schema_name, rules, invalid } = stored.content;
        let (created_at, updated_at) = (Moment(stored.created_at), Moment(stored.updated_at));
        let (id, warnings) = (stored.id, Vec::new());
        Self { id, name, version, description, schema_name, rules, created_at, updated_at, invalid, warnings }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    repeatable: Repeatable,
    Query(writing): Query<Writing>,
    Json(body): Json<NewRuleset>,
) -> Result<At<Tagged<Created<RulesetView>>>, Refusal> {
    let origin = repeatable.origin(&(&writing, &body))?;
    let (own, schema_name) = (name("name", &body.name)?, name("schema_name", &body.schema_name)?);
    let NewRuleset { version, description, rules: Objects(rules), .. } = body;
    let ruleset = Ruleset { name: own.clone(), version, description, schema_name, rules, invalid: false };
    let command = CreateRuleset { ruleset, strictness: writing.validate };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find::<Ruleset>(&ledger, &own).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Created(RulesetView::warned(stored, written)) }))
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    paging: Paging,
) -> Result<Listing<RulesetView>, Refusal> {
    listed::<Ruleset, _>(&ledger, paging).await
}

async fn show(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<RulesetView>>, Refusal> {
    Ok(Tagged::unless_seen(find::<Ruleset>(&ledger, &name).await?, &seen))
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Query(Writing { validate: strictness }): Query<Writing>,
    Json(body): Json<RulesetUpdate>,
) -> Result<At<Tagged<Json<RulesetView>>>, Refusal> {
    let origin = origin(&exchange);
    let RulesetUpdate { version, description, rules } = body;
    let rules = rules.map(|Objects(rules)| rules);
    let command = ChangeRuleset { name: name.clone(), version, description, rules, precondition, strictness };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find::<Ruleset>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(RulesetView::warned(stored, written)) }))
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
) -> Result<At<Json<Message>>, Refusal> {
    let origin = origin(&exchange);
    let command = DeleteRuleset { name: name.clone(), precondition };
    let deleted = ledger.carry_out(&command, &origin).await?;
    Ok(At::of(&origin, Message::deleted(Kind::Ruleset, &name, deleted)))
}
