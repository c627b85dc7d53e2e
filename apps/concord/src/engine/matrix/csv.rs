//! The matrix as a table.

use std::ops::Range;

use super::{Page, places};
use crate::engine::chunks::{Body, Rendered};
use crate::engine::pairwise::{Pairwise, Scratch, WORD};

pub(super) struct Table {
    pairwise: Pairwise,
    page: Option<Page>,
}

impl Table {
    pub(super) fn new(pairwise: &Pairwise, page: Option<Page>) -> Self {
        Self { pairwise: pairwise.clone(), page }
    }
}

impl Body for Table {
    fn places(&self) -> Range<usize> {
        places(self.page, self.pairwise.catalogue.len())
    }

    fn head(&self, out: &mut String) {
        for row in 0..self.pairwise.catalogue.len() {
            out.push(',');
            push_field(self.pairwise.catalogue.id_text(row).plain(), out);
        }
        out.push('\n');
    }

    fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered {
        let items = self.pairwise.catalogue.len();
        let mut compatible = vec![0; items.div_ceil(WORD)];
        let mut passed = compatible.clone();
        let mut scratch = Scratch::default();
        let mut rendered = Rendered { end: places.start, compatible: 0 };
        for row in places {
            compatible.fill(usize::MAX);
            for rule in self.pairwise.rules.iter() {
                rule.row(row, 0, &mut passed, &mut scratch);
                compatible.iter_mut().zip(&passed).for_each(|(all, one)| *all &= one);
            }
            push_field(self.pairwise.catalogue.id_text(row).plain(), out);
            for other in 0..items {
                let goes = other == row || compatible[other / WORD] >> (other % WORD) & 1 == 1;
                out.push_str(if goes { ",1" } else { ",0" });
                rendered.compatible += usize::from(goes && other > row);
            }
            out.push('\n');
            rendered.end = row + 1;
            if out.len() >= full {
                break;
            }
        }
        rendered
    }

    fn tail(&self, _compatible: usize, _out: &mut String) {}
}

/// What a formula begins with, also in full width; blanks that are skipped before it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A field, quoted where it must be.
///
/// A spreadsheet takes what begins like a formula for one, and would run it: such an id gets a `'` in front, which
/// spreadsheets take for the sign of a text.
fn push_field(field: &str, out: &mut String) {
    let guard = if field.starts_with(FORMULA) { "'" } else { "" };
    if !field.contains([',', '"', '\r', '\n']) {
        out.push_str(guard);
        out.push_str(field);
        return;
    }
    out.push('"');
    out.push_str(guard);
    for (index, piece) in field.split('"').enumerate() {
        if index > 0 {
            out.push_str("\"\"");
        }
        out.push_str(piece);
    }
    out.push('"');
}
