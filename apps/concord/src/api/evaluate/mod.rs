//! `/api/v1/evaluate`
//!
//! Handlers name what is asked and shape the answer; the [`Evaluator`](crate::evaluation::Evaluator) answers.

mod body;
mod clusters;
mod form;
mod matrix;
mod pairs;

use std::time::Duration;

use mainstay::{ErrorCode, Exchange, Refusal, Role, Routes};
use tokio::time::Instant;

use super::{Catalogues, policy};
use crate::api::policy::READING;
use crate::api::requests::name;
use crate::evaluation::Subject;

/// Codes of every evaluation.
const EVALUATING: &[ErrorCode] = &[
    ErrorCode::BadRequest,
    ErrorCode::NotFound,
    ErrorCode::ValidationFailed,
    ErrorCode::Overloaded,
    ErrorCode::HandlerTimeout,
];

/// The time for an answer to a request that has no deadline, which only one past the guard could have.
const LONGEST: Duration = Duration::from_mins(1);

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/evaluate")
        .tag("Evaluation")
        .post("/pair", pairs::pair)
        .summary("Compares two items")
        .role(Role::Viewer)
        .limit(policy::PAIR)
        .errors(EVALUATING)
        .errors(READING)
        .post("/matrix", matrix::matrix)
        .summary("Compares all items of a catalog with each other")
        .role(Role::Viewer)
        .limit(policy::MATRIX)
        .slow()
        .errors(EVALUATING)
        .errors(READING)
        .post("/item", pairs::item)
        .summary("Compares one item with all others of its catalog")
        .role(Role::Viewer)
        .limit(policy::ITEM)
        .errors(EVALUATING)
        .errors(READING)
        .post("/cluster/validate", clusters::validate)
        .summary("Says whether items make a good cluster")
        .role(Role::Viewer)
        .errors(EVALUATING)
        .errors(&[ErrorCode::BatchTooLarge])
        .errors(READING)
        .post("/cluster/candidates", clusters::candidates)
        .summary("Finds the items that could join a cluster")
        .role(Role::Viewer)
        .errors(EVALUATING)
        .errors(&[ErrorCode::BatchTooLarge])
        .errors(READING)
        .post("/clusters", clusters::search)
        .summary("Finds maximal clusters, largest first")
        .role(Role::Viewer)
        .limit(policy::CLUSTERS)
        .slow()
        .errors(EVALUATING)
        .errors(READING)
}

/// When the answer must be there.
fn deadline(exchange: &Exchange) -> Instant {
    exchange.deadline().unwrap_or_else(|| exchange.received() + LONGEST)
}

/// What a question about pairs is about.
fn pairwise(catalog_name: &str, ruleset_name: &str) -> Result<Subject, Refusal> {
    Ok(Subject {
        catalog: name("catalog_name", catalog_name)?,
        ruleset: name("ruleset_name", ruleset_name)?,
        cluster_ruleset: None,
    })
}
