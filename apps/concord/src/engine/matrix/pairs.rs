//! The pairs of a matrix, numbered in the order of its results.

use crate::engine::pairwise::Pairwise;

/// All pairs of `items` items, the first of each before the second (or the same), row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs {
    items: usize,
    /// 0 if an item is compared with itself, else 1: where the row of an item begins, seen from the item.
    gap: usize,
}

impl Pairs {
    pub(super) fn of(pairwise: &Pairwise, include_self: bool) -> Self {
        Self { items: pairwise.catalogue.len(), gap: usize::from(!include_self) }
    }

    /// How many pairs there are.
    pub(super) fn total(self) -> usize {
        self.start_of(self.items)
    }

    /// The second item of the first pair of a row.
    pub(super) fn first_of(self, row: usize) -> usize {
        row + self.gap
    }

    /// The number of the first pair of a row.
    pub(super) fn start_of(self, row: usize) -> usize {
        // The rows above have `items - gap`, one less, one less again … pairs.
        let longest = self.items - self.gap.min(self.items);
        let row = row.min(longest);
        row * longest - row * row.saturating_sub(1) / 2
    }

    /// The row of a pair that exists.
    pub(super) fn row_of(self, pair: usize) -> usize {
        let (mut low, mut high) = (0, self.items);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.start_of(middle) <= pair { low = middle } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_pairs_belong_together() {
        for items in 0..20 {
            for gap in [0, 1] {
                let pairs = Pairs { items, gap };
                let all: Vec<_> = (0..items).flat_map(|a| (a + gap..items).map(move |b| (a, b))).collect();
                assert_eq!(pairs.total(), all.len());
                for (number, (a, b)) in all.into_iter().enumerate() {
                    assert_eq!(pairs.row_of(number), a);
                    assert_eq!(pairs.first_of(a) + number - pairs.start_of(a), b);
                }
            }
        }
    }
}
