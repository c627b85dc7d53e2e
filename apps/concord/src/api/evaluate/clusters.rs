//! `/evaluate/cluster/validate`, `/evaluate/cluster/candidates` and `/evaluate/clusters`

use std::time::Duration;

use axum::extract::State;
use mainstay::{Detail, ErrorCode, Exchange, Json, Refusal};
use schemars::JsonSchema;
use serde::Deserialize;

use super::deadline;
use crate::api::requests::{Fresh, name};
use crate::engine::{CandidateReport, ClusterSearch, ClusterValidation, SearchOptions};
use crate::evaluation::{ClusterSearchOptions, Evaluator, Subject};

/// Most clusters that a search answers with.
const MOST_CLUSTERS: u32 = 1_000;

/// Longest search, in milliseconds.
const LONGEST_SEARCH_MS: u32 = 30_000;

/// Items that perhaps make a good cluster.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ValidateQuestion {
    catalog_name: String,
    pairwise_ruleset_name: String,
    cluster_ruleset_name: String,
    /// The items, at most 1000. One that is named twice is compared with itself.
    item_ids: Vec<String>,
}

pub(super) async fn validate(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Json(body): Json<ValidateQuestion>,
) -> Result<Json<ClusterValidation>, Refusal> {
    let ValidateQuestion { catalog_name, pairwise_ruleset_name, cluster_ruleset_name, item_ids } = body;
    let subject = subject(&catalog_name, &pairwise_ruleset_name, Some(&cluster_ruleset_name))?;
    Ok(Json(evaluator.validate_cluster(&subject, &item_ids, deadline(&exchange)).await?))
}

/// A cluster, and items that might join it.
#[derive(Deserialize, JsonSchema)]
pub(super) struct CandidatesQuestion {
    catalog_name: String,
    pairwise_ruleset_name: String,
    cluster_ruleset_name: String,
    /// The items of the cluster so far, at most 1000.
    #[serde(default)]
    base_item_ids: Vec<String>,
    /// The items that might join; those that are not in the catalog are passed over. Null or absent: all that are
    /// not in the cluster.
    candidate_item_ids: Option<Vec<String>>,
}

pub(super) async fn candidates(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Json(body): Json<CandidatesQuestion>,
) -> Result<Json<CandidateReport>, Refusal> {
    let subject = subject(&body.catalog_name, &body.pairwise_ruleset_name, Some(&body.cluster_ruleset_name))?;
    let (base, candidates) = (&body.base_item_ids, body.candidate_item_ids.as_deref());
    Ok(Json(evaluator.cluster_candidates(&subject, base, candidates, deadline(&exchange)).await?))
}

/// What clusters to look for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SearchQuestion {
    catalog_name: String,
    pairwise_ruleset_name: String,
    /// Without it, all that counts is that the items go together in pairs.
    cluster_ruleset_name: Option<String>,
    /// The fewest items of a cluster; 2 by default.
    #[schemars(range(min = 1, max = 256))]
    min_size: Option<u32>,
    /// The most items of a cluster; 256 by default.
    #[schemars(range(min = 1, max = 256))]
    max_size: Option<u32>,
    /// The most clusters; 10 by default.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// How long to look for them; 1000 by default.
    #[schemars(range(min = 1, max = 30_000))]
    time_budget_ms: Option<u32>,
}

impl SearchQuestion {
    /// What is looked for, and for how long.
    fn options(&self) -> Result<ClusterSearchOptions, Refusal> {
        let largest = u32::try_from(SearchOptions::LARGEST).unwrap_or(u32::MAX);
        let (min_size, max_size) =
            (self.min_size.unwrap_or(2.min(self.max_size.unwrap_or(2))), self.max_size);
        let max_size = max_size.unwrap_or(largest);
        let limit = self.limit.unwrap_or(10);
        let time_budget_ms = self.time_budget_ms.unwrap_or(1_000);
        let bounds = [
            ("min_size", min_size, largest),
            ("max_size", max_size, largest),
            ("limit", limit, MOST_CLUSTERS),
            ("time_budget_ms", time_budget_ms, LONGEST_SEARCH_MS),
        ];
        let outside = bounds.into_iter().filter(|(_, value, most)| !(1..=*most).contains(value));
        let mut details: Vec<Detail> = outside
            .map(|(field, _, most)| {
                Detail::new(field, "out_of_range", format!("{field} is from 1 to {most}"))
            })
            .collect();
        if min_size > max_size {
            let message = "min_size is at most max_size";
            details.push(Detail::new("min_size", "out_of_range", message));
        }
        if !details.is_empty() {
            return Err(Refusal::new(ErrorCode::ValidationFailed).details(details));
        }
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(ClusterSearchOptions {
            search: SearchOptions { min_size: size(min_size), max_size: size(max_size), limit: size(limit) },
            time_budget: Duration::from_millis(time_budget_ms.into()),
        })
    }
}

pub(super) async fn search(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Json(body): Json<SearchQuestion>,
) -> Result<Json<ClusterSearch>, Refusal> {
    let options = body.options()?;
    let subject =
        subject(&body.catalog_name, &body.pairwise_ruleset_name, body.cluster_ruleset_name.as_deref())?;
    Ok(Json(evaluator.search_clusters(&subject, options, deadline(&exchange)).await?))
}

fn subject(catalog: &str, ruleset: &str, cluster_ruleset: Option<&str>) -> Result<Subject, Refusal> {
    Ok(Subject {
        catalog: name("catalog_name", catalog)?,
        ruleset: name("pairwise_ruleset_name", ruleset)?,
        cluster_ruleset: cluster_ruleset
            .map(|cluster_ruleset| name("cluster_ruleset_name", cluster_ruleset))
            .transpose()?,
    })
}
