//! All pairs of a catalogue: as full results, as bits, or as a table.

mod compact;
mod csv;
mod json;
mod pairs;

use jiff::Timestamp;

pub(super) use self::pairs::Pairs;
use super::chunks::Chunks;
use super::error::EvaluationError;
use super::pairwise::Pairwise;
use super::workers::Workers;

/// Which pairs a matrix has, and which of them are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixOptions {
    /// Whether each item is compared with itself, too.
    pub include_self: bool,
    /// Which part is asked for; all of it if `None`.
    pub page: Option<Page>,
    /// Whether the totals at the end are left out.
    pub without_totals: bool,
}

/// How many pairs of a matrix are compatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixCount {
    /// All pairs of two different items.
    pub pairs: usize,
    /// Those that are compatible.
    pub compatible: usize,
}

/// A part of a matrix. Places are pairs in the order of the results; in the table they are rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first place: 0, or the cursor of the page before.
    pub first: usize,
    /// The most places.
    pub limit: usize,
}

impl Pairwise {
    /// The matrix with every result in full:
    ///
    /// `{"catalog_name","ruleset_name","schema_name","results":[…],"evaluated_at","total_comparisons",
    /// "compatible_count","compatibility_rate"}`
    ///
    /// The totals stand at the end because they are counted on the way. Of a page they count that page, and
    /// `next_cursor` follows them, null on the last one.
    ///
    /// # Errors
    ///
    /// The catalogue is empty, or items do not fit its schema.
    pub fn matrix(
        &self,
        options: MatrixOptions,
        at: Timestamp,
        workers: &Workers,
    ) -> Result<Chunks, EvaluationError> {
        self.catalogue.usable_as_a_whole()?;
        Ok(Chunks::new(json::MatrixJson::new(self, options, at), workers.clone()))
    }

    /// The matrix as bits:
    ///
    /// `{"catalog_name","ruleset_name","schema_name","include_self","item_ids":[…],"rule_names":[…],
    /// "rows":[{"item","first","pairs","compatible","failed":{"<rule>":…}}…],"evaluated_at","total_comparisons",
    /// "compatible_count","compatibility_rate"}`
    ///
    /// A row holds the pairs of item number `item` with the `pairs` items from number `first` on, in the order of
    /// `item_ids`: one bit each, from the lowest bit of the first byte, in base64. `compatible` tells which are;
    /// `failed` tells it for each rule that fails in this row, by its index in `rule_names`.
    ///
    /// # Errors
    ///
    /// The catalogue is empty, or items do not fit its schema.
    pub fn compact_matrix(
        &self,
        options: MatrixOptions,
        at: Timestamp,
        workers: &Workers,
    ) -> Result<Chunks, EvaluationError> {
        self.catalogue.usable_as_a_whole()?;
        Ok(Chunks::new(compact::CompactMatrix::new(self, options, at), workers.clone()))
    }

    /// The matrix as a CSV table of 0 and 1, 1 for compatible and on the diagonal: a header `,id1,id2…`, then
    /// `id,1,0,…` for each item. A page has some of the rows, each with all columns.
    ///
    /// # Errors
    ///
    /// The catalogue is empty, or items do not fit its schema.
    pub fn table(&self, page: Option<Page>, workers: &Workers) -> Result<Chunks, EvaluationError> {
        self.catalogue.usable_as_a_whole()?;
        Ok(Chunks::new(csv::Table::new(self, page), workers.clone()))
    }

    /// Counts the compatible pairs of different items.
    ///
    /// # Errors
    ///
    /// The catalogue is empty, or items do not fit its schema.
    pub fn count(&self, workers: &Workers) -> Result<MatrixCount, EvaluationError> {
        self.catalogue.usable_as_a_whole()?;
        let compatible = workers.map(self.catalogue.rows().collect(), |row| {
            let others = row.0 + 1..self.catalogue.len();
            others.filter(|other| self.compatible(row.0, *other)).count()
        });
        Ok(MatrixCount { pairs: Pairs::of(self, false).total(), compatible: compatible.iter().sum() })
    }

    /// How many places a matrix has, and the cursor of the page behind the one asked for, if there is one.
    pub fn matrix_size(&self, options: MatrixOptions) -> (usize, Option<usize>) {
        let total = Pairs::of(self, options.include_self).total();
        (total, next_cursor(options.page, total))
    }
}

/// The places of a page out of `total`.
fn places(page: Option<Page>, total: usize) -> std::ops::Range<usize> {
    page.map_or(0..total, |page| page.first.min(total)..page.first.saturating_add(page.limit).min(total))
}

fn next_cursor(page: Option<Page>, total: usize) -> Option<usize> {
    let end = places(page, total).end;
    (end < total).then_some(end)
}
