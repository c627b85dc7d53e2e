//! Which items could join a cluster.

use std::collections::HashSet;

use super::{Candidate, CandidateReport, ClusterValidation, Clusters, indices};
use crate::engine::catalogue::Row;
use crate::engine::error::EvaluationError;

impl Clusters {
    /// Looks at each candidate as if it joined the base. Without a list of candidates these are all items that are not
    /// in the base.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if any of the items does not fit its schema.
    pub fn candidates(
        &self,
        base: &[Row],
        candidates: Option<&[Row]>,
    ) -> Result<CandidateReport, EvaluationError> {
        let others: Vec<Row>;
        let candidates = if let Some(candidates) = candidates {
            candidates
        } else {
            let base: HashSet<Row> = base.iter().copied().collect();
            others = self.pairwise.catalogue.rows().filter(|row| !base.contains(row)).collect();
            &others
        };
        self.pairwise.catalogue.check(base.iter().chain(candidates).copied())?;
        let base = indices(base);
        let base_validation = if base.is_empty() {
            ClusterValidation { item_ids: Vec::new(), is_valid: false, rule_evaluations: Vec::new() }
        } else {
            self.report(&base, self.evaluate(&base))
        };
        let candidates = indices(candidates).into_iter().map(|row| self.candidate(&base, row)).collect();
        Ok(CandidateReport { base_validation, candidates })
    }

    fn candidate(&self, base: &[usize], row: usize) -> Candidate {
        let joined = [base, &[row]].concat();
        Candidate {
            item_id: self.id(row).into(),
            is_pairwise_compatible: base.iter().all(|&member| self.pairwise.compatible(member, row)),
            cluster_if_added: self.report(&joined, self.evaluate(&joined)),
        }
    }
}
