//! Finding clusters: all maximal sets of items that go together and satisfy the cluster rules.
//!
//! Such a set is a clique of the graph of compatible items. The search grows cliques item by item, each with the items
//! that could still join (*candidates*) and those that could have but are dealt with elsewhere (*excluded*), as in the
//! algorithm of Bron and Kerbosch. Three things cut branches off:
//!
//! - **Rules.** What a rule says about everything between a clique and the clique with all its candidates is often
//!   known ([`Between`]): if it fails for all of that, the branch is dead; if it passes for all of that, the branch
//!   is *settled*, rules are not asked again and the pivot may leave out candidates. Rules that pairs decide, such as
//!   `unique_values`, are in the graph from the start.
//! - **What is found already.** A branch whose every set is inside a found one is dead. Larger sets are recorded before
//!   their subsets, since every branch is explored before the clique it grew from.
//! - **The limit.** Once as many clusters are found as are asked for, only branches that could hold a larger one than
//!   the smallest of them matter; how large they could be is bounded by a colouring.

use fixedbitset::FixedBitSet;
use schemars::JsonSchema;
use serde::Serialize;

use super::bounds::Between;
use super::graph::Graph;
use super::test::ClusterTest;
use super::{ClusterSearch, Clusters, FoundCluster};
use crate::engine::error::EvaluationError;
use crate::engine::rules::Rule;
use crate::engine::workers::Workers;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchOptions {
    /// The fewest items of a cluster, at least 1.
    pub min_size: usize,
    /// The most items of a cluster, at most [`SearchOptions::LARGEST`]. A cluster counts as maximal if no larger one
    /// up to this size contains it.
    pub max_size: usize,
    /// The most clusters, at least 1.
    pub limit: usize,
}

impl SearchOptions {
    /// No larger clusters are looked for.
    pub const LARGEST: usize = 256;
    /// A catalogue with more items than these is not searched: the graph would take too much memory.
    pub const MOST_ITEMS: usize = 20_000;
}

/// What kept a search from being complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// There may be more clusters, none larger than those found.
    Limit,
    /// The time was up: there may be more clusters, and larger ones.
    TimeBudget,
}

impl Clusters {
    /// Finds the maximal clusters of the catalogue, largest first. `expired` is asked often, and ends the search once it
    /// answers true.
    ///
    /// # Errors
    ///
    /// The catalogue is empty or too large, or items do not fit its schema.
    pub fn search(
        &self,
        options: SearchOptions,
        expired: &dyn Fn() -> bool,
        workers: &Workers,
    ) -> Result<ClusterSearch, EvaluationError> {
        let catalogue = self.pairwise.catalogue();
        catalogue.usable_as_a_whole()?;
        if catalogue.len() > SearchOptions::MOST_ITEMS {
            return Err(EvaluationError::TooManyItems {
                items: catalogue.len(),
                most: SearchOptions::MOST_ITEMS,
            });
        }
        let mut graph = Graph::of(&self.pairwise, workers);
        let complete = graph.project(&self.rules, expired);
        let open = self.rules.iter().filter(|rule| !(complete && rule.is_decided_by_pairs())).collect();
        let mut search = Search::new(&graph, open, options, expired);
        search.explore(graph.items.clone(), FixedBitSet::with_capacity(catalogue.len()), false);
        let clusters = search.found.into_iter().map(|found| self.found(found.members)).collect();
        Ok(ClusterSearch { clusters, truncated: search.truncated.is_some(), truncated_by: search.truncated })
    }

    fn found(&self, members: Vec<usize>) -> FoundCluster {
        FoundCluster {
            size: members.len(),
            item_ids: members.into_iter().map(|row| self.id(row).into()).collect(),
        }
    }
}

struct Search<'a> {
    graph: &'a Graph,
    /// Which items to try first.
    ranks: Vec<usize>,
    /// The rules that the graph does not hold already.
    rules: Vec<&'a Rule<ClusterTest>>,
    options: SearchOptions,
    expired: &'a dyn Fn() -> bool,
    /// The clique of the branch being explored.
    clique: Vec<usize>,
    /// The largest clusters so far, largest first, then in storage order.
    found: Vec<Found>,
    truncated: Option<Truncation>,
}

struct Found {
    /// Ascending.
    members: Vec<usize>,
    set: FixedBitSet,
}

/// What the rules say about a branch.
#[derive(PartialEq, Eq)]
enum Outlook {
    /// Every set of the branch fails.
    Dead,
    /// Some may pass.
    Open,
    /// Every set of the branch passes, even with excluded items in it.
    Settled,
}

impl<'a> Search<'a> {
    fn new(
        graph: &'a Graph,
        rules: Vec<&'a Rule<ClusterTest>>,
        options: SearchOptions,
        expired: &'a dyn Fn() -> bool,
    ) -> Self {
        let options = SearchOptions {
            min_size: options.min_size.max(1),
            max_size: options.max_size.min(SearchOptions::LARGEST),
            limit: options.limit.max(1),
        };
        let ranks = graph.ranks();
        Self { graph, ranks, rules, options, expired, clique: Vec::new(), found: Vec::new(), truncated: None }
    }

    /// Explores everything that contains the clique and otherwise only candidates. The depth of the recursion is the
    /// size of the clique, and bounded by `max_size`.
    fn explore(&mut self, mut candidates: FixedBitSet, mut excluded: FixedBitSet, mut settled: bool) {
        let reach = self.clique.len() + candidates.count_ones(..);
        if reach < self.options.min_size || self.is_late() || self.is_covered(&candidates, reach) {
            return;
        }
        if !settled {
            let outlook = self.outlook(&candidates, &excluded, reach);
            if outlook == Outlook::Dead {
                return;
            }
            settled = outlook == Outlook::Settled;
        }
        if self.cannot_beat_found(&candidates) {
            self.truncated.get_or_insert(Truncation::Limit);
            return;
        }
        if self.clique.len() < self.options.max_size {
            for item in self.branches(&candidates, &excluded, settled) {
                let neighbours = &self.graph.neighbours[item];
                let (mut joining, mut shut_out) = (candidates.clone(), excluded.clone());
                joining.intersect_with(neighbours);
                shut_out.intersect_with(neighbours);
                self.clique.push(item);
                self.explore(joining, shut_out, settled);
                self.clique.pop();
                if self.truncated == Some(Truncation::TimeBudget) {
                    return;
                }
                candidates.set(item, false);
                excluded.insert(item);
            }
        }
        // In a settled branch whatever could join makes a larger cluster, so only a clique that nothing could join
        // is maximal. Elsewhere all larger ones are recorded by now.
        let maximal = if settled { reach == self.clique.len() && excluded.is_clear() } else { self.passes() };
        if maximal {
            self.record();
        }
    }

    /// Whether the time is up. What is not recorded by then is not known to be maximal.
    fn is_late(&mut self) -> bool {
        if (self.expired)() {
            self.truncated = Some(Truncation::TimeBudget);
            return true;
        }
        false
    }

    /// Whether every set of the branch is inside a cluster that is found already.
    fn is_covered(&self, candidates: &FixedBitSet, reach: usize) -> bool {
        let large_enough = self.found.iter().take_while(|found| found.members.len() >= reach);
        large_enough.filter(|found| found.holds(&self.clique)).any(|found| candidates.is_subset(&found.set))
    }

    fn outlook(&self, candidates: &FixedBitSet, excluded: &FixedBitSet, reach: usize) -> Outlook {
        let mut all = self.clique.clone();
        all.extend(candidates.ones());
        if self.rules.iter().any(|rule| self.between(rule, &all) == Some(false)) {
            return Outlook::Dead;
        }
        // A set that is as large as allowed is maximal although something could join it.
        if reach >= self.options.max_size {
            return Outlook::Open;
        }
        all.extend(excluded.ones());
        if self.rules.iter().all(|rule| self.between(rule, &all) == Some(true)) {
            return Outlook::Settled;
        }
        Outlook::Open
    }

    fn between(&self, rule: &Rule<ClusterTest>, largest: &[usize]) -> Option<bool> {
        rule.between(Between { smallest: &self.clique, largest: Some(largest) })
    }

    /// Whether as many clusters are found as were asked for, and the branch holds no larger one.
    fn cannot_beat_found(&self, candidates: &FixedBitSet) -> bool {
        let Some(smallest) = self.found.get(self.options.limit - 1).map(|found| found.members.len()) else {
            return false;
        };
        smallest >= self.options.max_size
            || self.clique.len() + candidates.count_ones(..) <= smallest
            || self.clique.len() + self.colours(candidates) <= smallest
    }

    /// How many colours paint the candidates so that neighbours differ: no clique among them is larger.
    fn colours(&self, candidates: &FixedBitSet) -> usize {
        let mut left = candidates.clone();
        let mut colours = 0;
        while !left.is_clear() {
            colours += 1;
            let mut paintable = left.clone();
            while let Some(item) = paintable.minimum() {
                left.set(item, false);
                paintable.set(item, false);
                paintable.difference_with(&self.graph.neighbours[item]);
            }
        }
        colours
    }

    /// The candidates to grow the clique by, most promising first.
    ///
    /// In a settled branch, a maximal set holds either the pivot or an item that the pivot does not go with: its
    /// neighbours need not be tried.
    fn branches(&self, candidates: &FixedBitSet, excluded: &FixedBitSet, settled: bool) -> Vec<usize> {
        let mut branches: Vec<usize> = if settled {
            let known = |item: &usize| self.graph.neighbours[*item].intersection_count(candidates);
            match candidates.union(excluded).max_by_key(known) {
                Some(pivot) => candidates.difference(&self.graph.neighbours[pivot]).collect(),
                None => Vec::new(),
            }
        } else {
            candidates.ones().collect()
        };
        branches.sort_unstable_by_key(|&item| self.ranks[item]);
        branches
    }

    /// Whether the clique itself passes the rules.
    fn passes(&self) -> bool {
        let mut members = self.clique.clone();
        members.sort_unstable();
        self.rules.iter().all(|rule| rule.passes(&members))
    }

    /// Keeps the clique, unless it is too small, inside a larger one, or no better than what is found.
    fn record(&mut self) {
        let size = self.clique.len();
        let inside = |found: &Found| found.members.len() > size && found.holds(&self.clique);
        if size < self.options.min_size || self.found.iter().any(inside) {
            return;
        }
        let mut members = self.clique.clone();
        members.sort_unstable();
        let mut set = FixedBitSet::with_capacity(self.graph.neighbours.len());
        set.extend(members.iter().copied());
        let place =
            self.found.partition_point(|found| (size, &found.members) < (found.members.len(), &members));
        self.found.insert(place, Found { members, set });
        if self.found.len() > self.options.limit {
            self.found.pop();
            self.truncated.get_or_insert(Truncation::Limit);
        }
    }
}

impl Found {
    fn holds(&self, clique: &[usize]) -> bool {
        clique.iter().all(|item| self.set.contains(*item))
    }
}
