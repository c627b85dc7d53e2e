//! The matrix as bits.

use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::json::{Totals, push_names};
use super::{MatrixOptions, Pairs};
use crate::engine::chunks::{Body, Rendered};
use crate::engine::pairwise::{Pairwise, Scratch, WORD};

pub(super) struct CompactMatrix {
    pairwise: Pairwise,
    include_self: bool,
    pairs: Pairs,
    totals: Totals,
}

impl CompactMatrix {
    pub(super) fn new(pairwise: &Pairwise, options: MatrixOptions, at: Timestamp) -> Self {
        let pairs = Pairs::of(pairwise, options.include_self);
        let totals = Totals::new(options, pairs.total(), at);
        Self { pairwise: pairwise.clone(), include_self: options.include_self, pairs, totals }
    }
}

/// The buffers of one rendering.
#[derive(Default)]
struct Buffers {
    scratch: Scratch,
    passed: Vec<usize>,
    compatible: Vec<usize>,
    bytes: Vec<u8>,
    failed: String,
}

impl Body for CompactMatrix {
    /// The rows that hold the pairs asked for.
    fn places(&self) -> Range<usize> {
        let pairs = self.totals.places();
        if pairs.is_empty() {
            return 0..0;
        }
        self.pairs.row_of(pairs.start)..self.pairs.row_of(pairs.end - 1) + 1
    }

    fn head(&self, out: &mut String) {
        push_names(&self.pairwise, out);
        let _ = write!(out, r#""include_self":{},"item_ids":["#, self.include_self);
        push_strings(
            (0..self.pairwise.catalogue.len()).map(|row| self.pairwise.catalogue.id_text(row).json()),
            out,
        );
        out.push_str(r#"],"rule_names":["#);
        push_strings(self.pairwise.rules.iter().map(|rule| rule.name.json()), out);
        out.push_str(r#"],"rows":["#);
    }

    fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered {
        let very_first = self.places().start;
        let mut buffers = Buffers::default();
        let mut rendered = Rendered { end: places.start, compatible: 0 };
        for row in places {
            if row > very_first {
                out.push(',');
            }
            rendered.compatible += self.render_row(row, &mut buffers, out);
            rendered.end = row + 1;
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

impl CompactMatrix {
    /// Appends one row, and returns how many of its pairs are compatible.
    fn render_row(&self, row: usize, buffers: &mut Buffers, out: &mut String) -> usize {
        // The first and the last row of a page may be cut.
        let asked = self.totals.places();
        let start = self.pairs.start_of(row);
        let first = self.pairs.first_of(row) + asked.start.saturating_sub(start);
        let end = (self.pairs.first_of(row) + asked.end - start).min(self.pairwise.catalogue.len());
        let columns = first..end;

        let Buffers { scratch, passed, compatible, bytes, failed } = buffers;
        let first_word = first / WORD;
        let words = end.div_ceil(WORD) - first_word;
        passed.resize(words, 0);
        compatible.clear();
        compatible.resize(words, usize::MAX);
        failed.clear();
        for (index, rule) in self.pairwise.rules.iter().enumerate() {
            rule.row(row, first_word * WORD, passed, scratch);
            compatible.iter_mut().zip(&*passed).for_each(|(all, one)| *all &= one);
            let count = extract(passed, &columns, true, bytes);
            if count > 0 {
                let comma = if failed.is_empty() { "" } else { "," };
                let _ = write!(failed, r#"{comma}"{index}":""#);
                STANDARD.encode_string(&*bytes, failed);
                failed.push('"');
            }
        }
        let count = extract(compatible, &columns, false, bytes);
        let _ = write!(out, r#"{{"item":{row},"first":{first},"pairs":{},"compatible":""#, columns.len());
        STANDARD.encode_string(&*bytes, out);
        let _ = write!(out, r#"","failed":{{{failed}}}}}"#);
        count
    }
}

/// Moves the bits of `columns`, inverted if asked, to the beginning of `bytes`, and counts those that are set. The first
/// word holds the column that begins it; bits behind the last column are cleared.
fn extract(words: &[usize], columns: &Range<usize>, inverted: bool, bytes: &mut Vec<u8>) -> usize {
    let shift = columns.start % WORD;
    let flip = if inverted { usize::MAX } else { 0 };
    bytes.clear();
    let mut count = 0;
    let mut left = columns.len();
    for (index, word) in words.iter().enumerate() {
        if left == 0 {
            break;
        }
        let next = words.get(index + 1).map_or(0, |next| next ^ flip);
        // A shift by the whole width would be none at all.
        let carried = if shift == 0 { 0 } else { next << (WORD - shift) };
        let taken = left.min(WORD);
        let mask = usize::MAX >> (WORD - taken);
        let word = (((word ^ flip) >> shift) | carried) & mask;
        count += word.count_ones() as usize;
        bytes.extend_from_slice(&word.to_le_bytes()[..taken.div_ceil(8)]);
        left -= taken;
    }
    count
}

/// Appends JSON strings whose insides are given, separated by commas.
fn push_strings<'a>(insides: impl Iterator<Item = &'a str>, out: &mut String) {
    for (index, inside) in insides.enumerate() {
        out.push_str(if index > 0 { ",\"" } else { "\"" });
        out.push_str(inside);
        out.push('"');
    }
}
