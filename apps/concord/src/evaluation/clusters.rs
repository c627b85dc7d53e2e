//! Whether items make a good cluster, which could join one, and which clusters there are.

use std::time::Duration;

use tokio::time::Instant;

use super::meter::Question;
use super::{AnswerError, Evaluator, Subject};
use crate::engine::{CandidateReport, ClusterSearch, ClusterValidation, Row, SearchOptions};

/// A question names at most this many items of a cluster.
pub const MAX_MEMBERS: usize = 1_000;

/// A question about candidates names at most this many item ids in its answer.
pub const MAX_CELLS: usize = 1_000_000;

/// What clusters to look for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterSearchOptions {
    /// What clusters.
    pub search: SearchOptions,
    /// How long the search may take; it ends earlier where the answer would be late otherwise.
    pub time_budget: Duration,
}

impl Evaluator {
    /// Whether items all go together and satisfy the cluster rules.
    ///
    /// # Errors
    ///
    /// [`AnswerError::TooMany`]; [`AnswerError::NotFound`] for the catalogue, the ruleset, the cluster ruleset, in
    /// this order; [`AnswerError::MembersNotFound`]; others of [`AnswerError`].
    pub async fn validate_cluster(
        &self,
        subject: &Subject,
        item_ids: &[String],
        deadline: Instant,
    ) -> Result<ClusterValidation, AnswerError> {
        at_most("item_ids", item_ids.len(), MAX_MEMBERS)?;
        let asked = self.begin(Question::ClusterValidate, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let rows: Vec<Option<Row>> = item_ids.iter().map(|id| scene.catalogue().row(id)).collect();
        if rows.contains(&None) {
            let missing = item_ids.iter().zip(&rows).filter(|(_, row)| row.is_none());
            return Err(AnswerError::MembersNotFound(missing.map(|(id, _)| id.clone()).collect()));
        }
        let rows: Vec<Row> = rows.into_iter().flatten().collect();
        let clusters = scene.clusters()?;
        let weight = (rows.len() * rows.len()).saturating_mul(scene.weight());
        let validation = asked.work(weight, move |_| clusters.validate(&rows)).await?;
        asked.answered();
        Ok(validation)
    }

    /// Which items could join a cluster. Without a list of candidates these are all items that are not in it; those
    /// on the list that are not in the catalogue are passed over.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::validate_cluster`], but [`AnswerError::BaseItemNotFound`] where an item of the base is not in
    /// the catalogue.
    pub async fn cluster_candidates(
        &self,
        subject: &Subject,
        base: &[String],
        candidates: Option<&[String]>,
        deadline: Instant,
    ) -> Result<CandidateReport, AnswerError> {
        at_most("base_item_ids", base.len(), MAX_MEMBERS)?;
        let asked = self.begin(Question::ClusterCandidates, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let catalogue = scene.catalogue();
        let base = base
            .iter()
            .map(|id| catalogue.row(id).ok_or_else(|| AnswerError::BaseItemNotFound(id.clone())))
            .collect::<Result<Vec<Row>, _>>()?;
        let candidates: Option<Vec<Row>> =
            candidates.map(|ids| ids.iter().filter_map(|id| catalogue.row(id)).collect());
        let count = candidates.as_ref().map_or(catalogue.len(), Vec::len);
        let cells = count.saturating_mul(base.len() + 1);
        at_most("candidates times the size of their clusters", cells, MAX_CELLS)?;
        let clusters = scene.clusters()?;
        let weight = cells.saturating_mul(scene.weight());
        let report = asked.work(weight, move |_| clusters.candidates(&base, candidates.as_deref())).await?;
        asked.answered();
        Ok(report)
    }

    /// Which maximal clusters there are. Without a cluster ruleset these are sets of items that go together.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`] for the catalogue, the ruleset, the cluster ruleset, in this order; others of
    /// [`AnswerError`].
    pub async fn search_clusters(
        &self,
        subject: &Subject,
        options: ClusterSearchOptions,
        deadline: Instant,
    ) -> Result<ClusterSearch, AnswerError> {
        let asked = self.begin(Question::Clusters, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let clusters = scene.clusters()?;
        let (clock, workers) = (self.clock().clone(), self.workers().clone());
        let search = move |stop: &super::lane::Stop| {
            let now = clock.now();
            // A tenth of the time that is left is for the answer.
            let left = deadline.saturating_duration_since(now) / 10 * 9;
            let until = now + options.time_budget.min(left);
            clusters.search(options.search, &|| clock.now() >= until || stop.is_due(), &workers)
        };
        // A search is never light: nobody knows beforehand what it takes.
        let found = asked.work(usize::MAX, search).await?;
        asked.answered();
        Ok(found)
    }
}

fn at_most(what: &'static str, count: usize, most: usize) -> Result<(), AnswerError> {
    if count <= most { Ok(()) } else { Err(AnswerError::TooMany { what, count, most }) }
}
