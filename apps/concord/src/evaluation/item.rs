//! One item against the rest of its catalogue.

use tokio::time::Instant;

use super::meter::Question;
use super::{AnswerError, Evaluator, Rendering, Subject};

impl Evaluator {
    /// Compares an item with every other item of its catalogue: a JSON array of
    /// [results](crate::engine::ComparisonResult).
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`] for the catalogue, the ruleset, the item, in this order; others of [`AnswerError`].
    pub async fn item(
        &self,
        subject: &Subject,
        item_id: &str,
        deadline: Instant,
    ) -> Result<Rendering, AnswerError> {
        let asked = self.begin(Question::Item, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let item = scene.row(item_id)?;
        let pairwise = scene.pairwise()?;
        let at = self.clock().timestamp();
        let pairs = scene.catalogue().len() - 1;
        let weight = pairs.saturating_mul(scene.weight());
        asked.render(weight, pairs, |workers| pairwise.item(item, at, workers)).await
    }
}
