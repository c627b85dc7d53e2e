//! `/api/v1/cluster-rulesets`

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
use crate::commands::{ChangeClusterRuleset, CreateClusterRuleset, DeleteClusterRuleset, Warning, Written};
use crate::domain::{ClusterRuleset, Name, Stored};
use crate::ledger::Ledger;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/cluster-rulesets")
        .tag("Cluster rulesets")
        .post("", create)
        .summary("Creates a cluster ruleset")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .get("", list)
        .summary("Lists cluster rulesets")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(READING)
        .get("/{name}", show)
        .summary("Shows a cluster ruleset")
        .role(Role::Viewer)
        .stale(STALE)
        .errors(&[ErrorCode::NotFound])
        .errors(READING)
        .put("/{name}", change)
        .summary("Changes a cluster ruleset")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
        .delete("/{name}", delete)
        .summary("Deletes a cluster ruleset")
        .role(Role::Editor)
        .read_only()
        .errors(&[ErrorCode::NotFound, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NewClusterRuleset {
    /// Its name: 1 to 128 characters, no control characters, no path separators, no leading dot.
    name: String,
    /// Any text.
    version: String,
    /// What it is for.
    description: Option<String>,
    /// The schema that it speaks of.
    schema_name: String,
    /// The pairwise ruleset that it is made for.
    pairwise_ruleset_name: String,
    /// The rules: each with a name, a type and a condition.
    rules: Objects,
}

/// What is given, and not null, replaces what is stored. What it refers to stays.
#[derive(Deserialize, JsonSchema)]
struct ClusterRulesetUpdate {
    /// Any text.
    version: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The rules, all of them.
    rules: Option<Objects>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClusterRuleset")]
struct ClusterRulesetView {
    /// Its number among the cluster rulesets; never used again.
    id: i64,
    name: Name,
    version: String,
    description: Option<String>,
    schema_name: Name,
    pairwise_ruleset_name: Name,
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

impl ClusterRulesetView {
    /// With what the client should know of it.
    fn warned(stored: Stored<ClusterRuleset>, written: Written) -> Self {
        Self { warnings: written.warnings, ..stored.into() }
    }
}

impl From<Stored<ClusterRuleset>> for ClusterRulesetView {
    fn from(stored: Stored<ClusterRuleset>) -> Self {
        let ruleset = stored.content;
        Self {
            id: stored.id,
            name: ruleset.name,
            version: ruleset.version,
            description: ruleset.description,
            schema_name: ruleset.schema_name,
            pairwise_ruleset_name: ruleset.pairwise_ruleset_name,
            rules: ruleset.rules,
            created_at: Moment(stored.created_at),
            updated_at: Moment(stored.updated_at),
            invalid: ruleset.invalid,
            warnings: Vec::new(),
        }
    }
}

async fn create(
    State(ledger): State<Ledger>,
    repeatable: Repeatable,
    Query(writing): Query<Writing>,
    Json(body): Json<NewClusterRuleset>,
) -> Result<At<Tagged<Created<ClusterRulesetView>>>, Refusal> {
    let origin = repeatable.origin(&(&writing, &body))?;
    let own = name("name", &body.name)?;
    let ruleset = ClusterRuleset {
        name: own.clone(),
        version: body.version,
        description: body.description,
        schema_name: name("schema_name", &body.schema_name)?,
        pairwise_ruleset_name: name("pairwise_ruleset_name", &body.pairwise_ruleset_name)?,
        rules: body.rules.0,
        invalid: false,
    };
    let command = CreateClusterRuleset { ruleset, strictness: writing.validate };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find::<ClusterRuleset>(&ledger, &own).await?;
    Ok(At::of(
        &origin,
        Tagged { tag: stored.tag, answer: Created(ClusterRulesetView::warned(stored, written)) },
    ))
}

async fn list(
    State(ledger): State<Ledger>,
    _: Fresh,
    paging: Paging,
) -> Result<Listing<ClusterRulesetView>, Refusal> {
    listed::<ClusterRuleset, _>(&ledger, paging).await
}

async fn show(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
    seen: IfNoneMatch,
) -> Result<Tagged<Found<ClusterRulesetView>>, Refusal> {
    Ok(Tagged::unless_seen(find::<ClusterRuleset>(&ledger, &name).await?, &seen))
}

async fn change(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
    Query(Writing { validate: strictness }): Query<Writing>,
    Json(body): Json<ClusterRulesetUpdate>,
) -> Result<At<Tagged<Json<ClusterRulesetView>>>, Refusal> {
    let origin = origin(&exchange);
    let ClusterRulesetUpdate { version, description, rules } = body;
    let rules = rules.map(|Objects(rules)| rules);
    let command =
        ChangeClusterRuleset { name: name.clone(), version, description, rules, precondition, strictness };
    let written = ledger.carry_out(&command, &origin).await?;
    let stored = find::<ClusterRuleset>(&ledger, &name).await?;
    Ok(At::of(&origin, Tagged { tag: stored.tag, answer: Json(ClusterRulesetView::warned(stored, written)) }))
}

async fn delete(
    State(ledger): State<Ledger>,
    exchange: Exchange,
    Named(name): Named,
    IfMatch(precondition): IfMatch,
) -> Result<At<Json<Message>>, Refusal> {
    let origin = origin(&exchange);
    let command = DeleteClusterRuleset { name: name.clone(), precondition };
    ledger.carry_out(&command, &origin).await?;
    Ok(At::of(
        &origin,
        Json(Message {
            message: "ClusterRuleSet deleted successfully".to_owned(),
            detail: Some(format!("ClusterRuleSet '{name}' has been deleted")),
        }),
    ))
}
