//! What a question is about, compiled.

use std::sync::Arc;

use super::compiled::{Compiled, CompiledCatalog};
use crate::domain::Kind;
use crate::engine::{Catalogue, ClusterRuleSet, Clusters, Pairwise, Row, RuleSet};
use crate::evaluation::AnswerError;

/// What a question is about, compiled.
#[derive(Debug)]
pub(in crate::evaluation) struct Scene {
    pub(super) catalog: Arc<CompiledCatalog>,
    pub(super) ruleset: Arc<Compiled<RuleSet>>,
    pub(super) cluster_ruleset: Option<Arc<Compiled<ClusterRuleSet>>>,
}

impl Scene {
    /// The catalogue.
    pub(in crate::evaluation) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalog.catalogue
    }

    /// The place of an item.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`].
    pub(in crate::evaluation) fn row(&self, item_id: &str) -> Result<Row, AnswerError> {
        let row = self.catalogue().row(item_id);
        row.ok_or_else(|| AnswerError::NotFound { kind: Kind::Item, name: item_id.to_owned() })
    }

    /// The ruleset on the catalogue.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Content`] if the schema or the ruleset is unusable.
    pub(in crate::evaluation) fn pairwise(&self) -> Result<Pairwise, AnswerError> {
        self.catalog.schema.clone().map_err(AnswerError::Content)?;
        let ruleset = self.ruleset.rules.clone().map_err(AnswerError::Content)?;
        Ok(Pairwise::new(Arc::clone(self.catalogue()), ruleset))
    }

    /// Both rulesets on the catalogue; no cluster rules if the question names none.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Content`] if the schema or one of the rulesets is unusable.
    pub(in crate::evaluation) fn clusters(&self) -> Result<Clusters, AnswerError> {
        let pairwise = self.pairwise()?;
        let ruleset = match &self.cluster_ruleset {
            Some(compiled) => compiled.rules.clone(),
            None => ClusterRuleSet::compile("none", &[]).map(Arc::new),
        };
        Ok(Clusters::new(pairwise, &*ruleset.map_err(AnswerError::Content)?))
    }

    /// How much work one comparison is, in bytes of rules.
    pub(in crate::evaluation) fn weight(&self) -> usize {
        let cluster_rules = self.cluster_ruleset.as_ref().map_or(0, |compiled| compiled.bytes);
        self.ruleset.bytes + cluster_rules
    }
}
