//! Which items go together, as a graph of bitsets.

use fixedbitset::FixedBitSet;

use super::bounds::Between;
use super::test::ClusterTest;
use crate::engine::pairwise::{Pairwise, Scratch, WORD};
use crate::engine::rules::Rule;
use crate::engine::workers::Workers;

/// The items that can be in a cluster, and for each the ones it can be in a cluster with.
pub(super) struct Graph {
    pub(super) items: FixedBitSet,
    pub(super) neighbours: Vec<FixedBitSet>,
}

/// More edges than these are not looked at one by one.
const MOST_PROJECTED: usize = 4_000_000;

impl Graph {
    /// The graph of the pairwise rules.
    pub(super) fn of(pairwise: &Pairwise, workers: &Workers) -> Self {
        let size = pairwise.catalogue().len();
        let words = size.div_ceil(WORD);
        let mut items = FixedBitSet::with_capacity(size);
        items.insert_range(..);
        let starts: Vec<usize> = (0..size).step_by(WORD).collect();
        let neighbours = workers.map(starts, |start| {
            let mut scratch = Scratch::default();
            let mut passed = vec![0; words];
            let block = start..(start + WORD).min(size);
            block
                .map(|row| {
                    let mut all = vec![usize::MAX; words];
                    for rule in pairwise.rules.iter() {
                        rule.row(row, 0, &mut passed, &mut scratch);
                        all.iter_mut().zip(&passed).for_each(|(all, one)| *all &= one);
                    }
                    let mut set = FixedBitSet::with_capacity_and_blocks(size, all);
                    // The bits behind the last row are in any state.
                    set.intersect_with(&items);
                    set.set(row, false);
                    set
                })
                .collect::<Vec<_>>()
        });
        let neighbours = neighbours.into_iter().flatten().collect();
        Self { items, neighbours }
    }

    /// Removes the items and edges that no cluster can have, whatever else is in it. Returns whether all were looked
    /// at: then a rule that is decided by pairs need not be asked again.
    pub(super) fn project(&mut self, rules: &[Rule<ClusterTest>], expired: &dyn Fn() -> bool) -> bool {
        let hopeless = |smallest: &[usize]| {
            rules.iter().any(|rule| rule.between(Between { smallest, largest: None }) == Some(false))
        };
        if rules.is_empty() {
            return true;
        }
        let alone: Vec<usize> = self.items.ones().filter(|&item| hopeless(&[item])).collect();
        for item in alone {
            self.items.set(item, false);
        }
        let items = self.items.clone();
        for neighbours in &mut self.neighbours {
            neighbours.intersect_with(&items);
        }
        let edges: usize = items.ones().map(|item| self.neighbours[item].count_ones(..)).sum();
        if edges / 2 > MOST_PROJECTED {
            return false;
        }
        for a in items.ones() {
            if expired() {
                return false;
            }
            let clashing: Vec<usize> =
                self.neighbours[a].ones().filter(|&b| b > a && hopeless(&[a, b])).collect();
            for b in clashing {
                self.neighbours[a].set(b, false);
                self.neighbours[b].set(a, false);
            }
        }
        true
    }

    /// A rank for each item: those in the densest parts of the graph first.
    ///
    /// Items are taken away one by one, always one with the fewest neighbours left; what is taken last is the dense
    /// core, where the largest clusters are. The items stand in one list, sorted by the neighbours they have left, and
    /// one that loses a neighbour moves to the beginning of its run (Batagelj and Zaveršnik).
    pub(super) fn ranks(&self) -> Vec<usize> {
        let size = self.neighbours.len();
        let mut degrees: Vec<usize> = self.neighbours.iter().map(|set| set.count_ones(..)).collect();
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by_key(|&item| degrees[item]);
        let mut places = vec![0; size];
        for (place, &item) in order.iter().enumerate() {
            places[item] = place;
        }
        // By degree: where its run begins.
        let mut runs: Vec<usize> =
            (0..=size).map(|degree| order.partition_point(|&item| degrees[item] < degree)).collect();
        for place in 0..size {
            let taken = order[place];
            for neighbour in self.neighbours[taken].ones() {
                let degree = degrees[neighbour];
                if degree <= degrees[taken] {
                    continue;
                }
                let (from, to) = (places[neighbour], runs[degree]);
                let other = order[to];
                order.swap(from, to);
                (places[neighbour], places[other]) = (to, from);
                runs[degree] += 1;
                degrees[neighbour] -= 1;
            }
        }
        places.into_iter().map(|place| size - 1 - place).collect()
    }
}
