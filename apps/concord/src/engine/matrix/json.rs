//! The matrix with every result in full.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;

use super::{MatrixOptions, Page, Pairs, next_cursor, places};
use crate::engine::chunks::{Body, Rendered};
use crate::engine::pairwise::{Pairwise, timestamp_text};
use crate::engine::value::Text;
use crate::engine::writer::ResultWriter;

pub(super) struct MatrixJson {
    writer: ResultWriter,
    pairs: Pairs,
    totals: Totals,
}

/// What stands at the end of a matrix.
pub(super) struct Totals {
    page: Option<Page>,
    total: usize,
    evaluated_at: String,
    counted: bool,
}

impl Totals {
    pub(super) fn new(options: MatrixOptions, total: usize, at: Timestamp) -> Self {
        Self { page: options.page, total, evaluated_at: timestamp_text(at), counted: !options.without_totals }
    }

    /// The pairs that are asked for.
    pub(super) fn places(&self) -> Range<usize> {
        places(self.page, self.total)
    }

    /// Closes the array before the totals, and the object behind them.
    pub(super) fn write(&self, compatible: usize, out: &mut String) {
        let _ = write!(out, r#"],"evaluated_at":"{}""#, self.evaluated_at);
        if self.counted {
            self.write_totals(compatible, out);
        }
        if self.page.is_some() {
            let next = next_cursor(self.page, self.total);
            let _ = write!(out, r#","next_cursor":{}"#, serde_json::Value::from(next));
        }
        out.push('}');
    }

    fn write_totals(&self, compatible: usize, out: &mut String) {
        let compared = self.places().len();
        #[expect(clippy::cast_precision_loss, reason = "a rate of that many pairs needs no more digits")]
        let rate = if compared == 0 { 0.0 } else { compatible as f64 / compared as f64 };
        let rate = serde_json::Value::from(rate);
        let _ = write!(
            out,
            r#","total_comparisons":{compared},"compatible_count":{compatible},"compatibility_rate":{rate}"#
        );
    }
}

/// The names at the beginning of a matrix.
pub(super) fn push_names(pairwise: &Pairwise, out: &mut String) {
    let _ = write!(
        out,
        r#"{{"catalog_name":"{}","ruleset_name":"{}","schema_name":"{}","#,
        Text::new(pairwise.catalogue.name()).json(),
        Text::new(pairwise.ruleset.name()).json(),
        Text::new(pairwise.catalogue.schema_name()).json(),
    );
}

impl MatrixJson {
    pub(super) fn new(pairwise: &Pairwise, options: MatrixOptions, at: Timestamp) -> Self {
        let pairs = Pairs::of(pairwise, options.include_self);
        let totals = Totals::new(options, pairs.total(), at);
        Self { writer: ResultWriter::new(pairwise.clone(), at), pairs, totals }
    }
}

impl Body for MatrixJson {
    fn places(&self) -> Range<usize> {
        self.totals.places()
    }

    fn head(&self, out: &mut String) {
        push_names(self.writer.pairwise(), out);
        out.push_str(r#""results":["#);
    }

    fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered {
        let items = self.writer.pairwise().catalogue.len();
        let very_first = self.places().start;
        let mut verdicts = Vec::new();
        let mut row = self.pairs.row_of(places.start);
        let mut other = self.pairs.first_of(row) + places.start - self.pairs.start_of(row);
        let mut rendered = Rendered { end: places.start, compatible: 0 };
        for place in places {
            while other == items {
                row += 1;
                other = self.pairs.first_of(row);
            }
            if place > very_first {
                out.push(',');
            }
            let compatible = self.writer.write(row, other, &mut verdicts, out);
            rendered.compatible += usize::from(compatible);
            rendered.end = place + 1;
            other += 1;
            if out.len() >= full {
                break;
            }
        }
        rendered
    }

    fn tail(&self, compatible: usize, out: &mut String) {
        self.totals.write(compatible, out);
    }
}
