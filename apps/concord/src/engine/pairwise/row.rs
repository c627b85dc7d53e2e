//! A condition for one row against all others at once, a bit per row.

use super::test::{Operator, PairTest};
use crate::engine::catalogue::MISSING;
use crate::engine::condition::Condition;
use crate::engine::rules::{Rule, RuleKind};

/// Rows per word of a bitset. Bitsets are slices of `usize`, which this crate needs to be 64 bits wide.
pub(crate) const WORD: usize = 64;
const _: () = assert!(usize::BITS as usize == WORD, "the engine's bitsets are made of 64-bit words");

/// Buffers of one worker, one per level of nesting, so that nothing is allocated while rows are evaluated.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    levels: Vec<Vec<usize>>,
}

impl Scratch {
    fn take(&mut self, words: usize) -> Vec<usize> {
        let mut level = self.levels.pop().unwrap_or_default();
        level.clear();
        level.resize(words, 0);
        level
    }

    fn give(&mut self, level: Vec<usize>) {
        self.levels.push(level);
    }
}

impl Rule<PairTest> {
    /// Sets the bit of each row for which the rule passes together with `row`. The first bit of `out` is that of row
    /// `first`, a multiple of 64. Bits behind the last row are left in any state.
    pub(crate) fn row(&self, row: usize, first: usize, out: &mut [usize], scratch: &mut Scratch) {
        match &self.condition {
            Ok(condition) => {
                condition.row(row, first, out, scratch);
                if self.kind == RuleKind::Exclusion {
                    invert(out);
                }
            }
            Err(_) => out.fill(0),
        }
    }
}

impl Condition<PairTest> {
    fn row(&self, row: usize, first: usize, out: &mut [usize], scratch: &mut Scratch) {
        match self {
            Self::Leaf(test) => test.row(row, first, out),
            Self::Unusable(_) => out.fill(0),
            Self::All(group) if group.broken.is_some() => out.fill(0),
            Self::All(group) => {
                out.fill(usize::MAX);
                self::members(&group.members, row, first, out, scratch, |all, one| *all &= one);
            }
            Self::Any(group) => {
                out.fill(0);
                self::members(&group.members, row, first, out, scratch, |any, one| *any |= one);
            }
            Self::Not(inner) => {
                inner.row(row, first, out, scratch);
                invert(out);
            }
        }
    }
}

fn members(
    members: &[Condition<PairTest>],
    row: usize,
    first: usize,
    out: &mut [usize],
    scratch: &mut Scratch,
    join: impl Fn(&mut usize, usize),
) {
    let mut level = scratch.take(out.len());
    for member in members {
        member.row(row, first, &mut level, scratch);
        out.iter_mut().zip(&level).for_each(|(joined, one)| join(joined, *one));
    }
    scratch.give(level);
}

impl PairTest {
    fn row(&self, row: usize, first: usize, out: &mut [usize]) {
        let classes = &self.column.classes()[first..];
        let class = self.column.class(row);
        match &self.operator {
            Operator::Equals if class == MISSING => out.fill(0),
            Operator::HasDifferent | Operator::AnyMissing if class == MISSING => out.fill(usize::MAX),
            Operator::Equals => pack(classes, out, |other| *other == class),
            Operator::HasDifferent => pack(classes, out, |other| *other != class),
            Operator::AnyMissing => pack(classes, out, |other| *other == MISSING),
            Operator::AbsDiff(max) => {
                let numbers = self.column.numbers();
                let number = numbers[row];
                // A comparison with NaN is false, which is right for a limit that is not a number, too.
                let max = max.value.unwrap_or(f64::NAN);
                pack(&numbers[first..], out, |other| (number - other).abs() <= max);
            }
            Operator::AnyEquals(wanted, _) if *wanted == MISSING => out.fill(0),
            Operator::AnyEquals(wanted, _) if class == *wanted => out.fill(usize::MAX),
            Operator::AnyEquals(wanted, _) => pack(classes, out, |other| other == wanted),
            Operator::PartLayerConflict => self.row_of_layers(row, first, out),
        }
    }

    fn row_of_layers(&self, row: usize, first: usize, out: &mut [usize]) {
        out.fill(0);
        let Some(ours) = self.cover(row) else {
            return;
        };
        for (index, word) in out.iter_mut().enumerate() {
            let start = first + index * WORD;
            let end = (start + WORD).min(self.column.classes().len());
            for other in start..end {
                let conflict = self.cover(other).is_some_and(|theirs| ours.conflicts(theirs));
                *word |= usize::from(conflict) << (other - start);
            }
        }
    }
}

fn invert(out: &mut [usize]) {
    for word in out {
        *word = !*word;
    }
}

/// Packs one answer per value into bits.
///
/// The answers of a word are bytes first, a loop that the compiler turns into vector comparisons; a multiplication
/// then gathers eight of them.
fn pack<T>(values: &[T], out: &mut [usize], test: impl Fn(&T) -> bool) {
    for (word, block) in out.iter_mut().zip(values.chunks(WORD)) {
        let mut answers = [0_u8; WORD];
        for (answer, value) in answers.iter_mut().zip(block) {
            *answer = u8::from(test(value));
        }
        *word = 0;
        for (index, eight) in answers.as_chunks::<8>().0.iter().enumerate() {
            let gathered = usize::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            *word |= gathered << (index * 8);
        }
    }
}
