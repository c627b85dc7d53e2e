//! Buckets that many keys share, for those who find no slot of their own.
//!
//! A count-min sketch of TATs: each key has one cell in each of four rows, and its bucket is at least as full as the
//! fullest of the four says. A charge raises all four, so no key is ever counted too little; a key is counted too much
//! where all four of its cells are shared with busier ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

const ROWS: usize = 4;

/// The cells of a row, for each set of the table.
const CELLS_PER_SET: usize = 2;

/// One odd number for each row: their products with a key have nothing to do with each other.
const ODD: [u64; ROWS] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0xd6e8_feb8_6659_fd93, 0xff51_afd7_ed55_8ccd];

pub(super) struct Sketch {
    /// There with the first charge: most services never meet a flood.
    cells: OnceLock<Box<[AtomicI64]>>,
    row: usize,
    /// What is left of a product is the number of a cell.
    shift: u32,
}

impl Sketch {
    /// `sets` is a power of two.
    pub(super) fn new(sets: usize) -> Self {
        let row = sets * CELLS_PER_SET;
        Self { cells: OnceLock::new(), row, shift: u64::BITS - row.trailing_zeros() }
    }

    /// The memory that it takes at most.
    pub(super) fn bytes(&self) -> usize {
        self.row * ROWS * size_of::<AtomicI64>()
    }

    /// The TAT of a key's bucket, or a later one.
    pub(super) fn tat(&self, key: u64) -> i64 {
        let Some(cells) = self.cells.get() else { return i64::MIN };
        self.of(cells, key).map(|cell| cell.load(Ordering::Relaxed)).min().unwrap_or(i64::MIN)
    }

    /// Makes a key's bucket be full at `tat` at the earliest.
    pub(super) fn raise(&self, key: u64, tat: i64) {
        let empty = || (0..self.row * ROWS).map(|_| AtomicI64::new(i64::MIN)).collect();
        for cell in self.of(self.cells.get_or_init(empty), key) {
            cell.fetch_max(tat, Ordering::Relaxed);
        }
    }

    /// The cells of a key.
    fn of<'a>(&self, cells: &'a [AtomicI64], key: u64) -> impl Iterator<Item = &'a AtomicI64> {
        let (row, shift) = (self.row, self.shift);
        ODD.iter().enumerate().filter_map(move |(number, odd)| {
            #[expect(clippy::cast_possible_truncation, reason = "shifted to less than a length")]
            let at = (key.wrapping_mul(*odd) >> shift) as usize;
            cells.get(number * row + at)
        })
    }
}
