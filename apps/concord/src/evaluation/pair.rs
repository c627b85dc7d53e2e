//! Whether two items go together.

use tokio::time::Instant;

use super::meter::Question;
use super::{AnswerError, Evaluator, Subject};
use crate::engine::ComparisonResult;

impl Evaluator {
    /// Compares two items of a catalogue, which may be the same.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`] for the catalogue, the ruleset, the first item, the second item, in this order;
    /// others of [`AnswerError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; so for all questions.
    pub async fn pair(
        &self,
        subject: &Subject,
        item1: &str,
        item2: &str,
        deadline: Instant,
    ) -> Result<ComparisonResult, AnswerError> {
        let asked = self.begin(Question::Pair, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let (item1, item2) = (scene.row(item1)?, scene.row(item2)?);
        let pairwise = scene.pairwise()?;
        let at = self.clock().timestamp();
        let result = asked.work(scene.weight(), move |_| pairwise.compare(item1, item2, at)).await?;
        asked.answered();
        self.meter().compared(1, usize::from(result.compatible));
        Ok(result)
    }
}
