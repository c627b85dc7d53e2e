//! All pairs of a catalogue.

use tokio::time::Instant;

use super::meter::Question;
use super::{AnswerError, Evaluator, Rendering, Subject};
use crate::engine::{MatrixOptions, Page};

/// How a matrix is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixForm {
    /// JSON with every result in full.
    Results,
    /// JSON with one bit for each pair.
    Compact,
    /// A CSV table of 0 and 1. Places are rows here, not pairs.
    Table,
}

/// A matrix, and where it lies in the whole.
#[derive(Debug)]
pub struct MatrixAnswer {
    /// Its bytes.
    pub rendering: Rendering,
    /// How many places the whole matrix has.
    pub places: usize,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<usize>,
}

impl Evaluator {
    /// Compares all items of a catalogue with each other.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`] for the catalogue, the ruleset, in this order; others of [`AnswerError`].
    pub async fn matrix(
        &self,
        subject: &Subject,
        form: MatrixForm,
        options: MatrixOptions,
        deadline: Instant,
    ) -> Result<MatrixAnswer, AnswerError> {
        let asked = self.begin(Question::Matrix, deadline);
        let scene = self.library().find(subject, deadline).await?;
        let pairwise = scene.pairwise()?;
        let at = self.clock().timestamp();
        let (all, items) = (pairwise.matrix_size(options).0, scene.catalogue().len());
        let places = if form == MatrixForm::Table { items } else { all };
        let Page { first, limit } = options.page.unwrap_or(Page { first: 0, limit: usize::MAX });
        let first = first.min(places);
        let end = first.saturating_add(limit).min(places);
        let pairs = if form == MatrixForm::Table { pairs_in_rows(items, first, end) } else { end - first };
        // A row of the table compares with all items, whichever side of the diagonal they are on.
        let compared = if form == MatrixForm::Table { items.saturating_mul(end - first) } else { pairs };
        let weight = compared.saturating_mul(scene.weight().max(1));
        let rendering = asked
            .render(weight, pairs, |workers| match form {
                MatrixForm::Results => pairwise.matrix(options, at, workers),
                MatrixForm::Compact => pairwise.compact_matrix(options, at, workers),
                MatrixForm::Table => pairwise.table(options.page, workers),
            })
            .await?;
        Ok(MatrixAnswer { rendering, places, next: (end < places).then_some(end) })
    }
}

/// How many pairs of different items begin in some rows.
fn pairs_in_rows(items: usize, first: usize, end: usize) -> usize {
    (first..end).map(|row| items - 1 - row).sum()
}
