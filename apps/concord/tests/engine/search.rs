//! The search for clusters against trying every set.

use std::collections::BTreeSet;

use concord::engine::{ClusterRuleSet, ClusterSearch, Clusters, SearchOptions, Truncation, Workers};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reference::{Place, rules as expected_rules};
use crate::{Attributes, cases, generate, ids, pairwise};

/// Every maximal set, by trying all.
fn try_all(
    items: &[Attributes],
    pairwise_rules: &[Value],
    rules: &[Value],
    sizes: (usize, usize),
) -> BTreeSet<Vec<usize>> {
    let ids = ids(items.len());
    let good = |members: &Vec<usize>| {
        let pairs = members
            .iter()
            .enumerate()
            .flat_map(|(place, &a)| members[place + 1..].iter().map(move |&b| (a, b)));
        let named: Vec<_> = members.iter().map(|&member| (ids[member].as_str(), &items[member])).collect();
        (sizes.0..=sizes.1).contains(&members.len())
            && pairs.into_iter().all(|(a, b)| passes(pairwise_rules, Place::Pair(&items[a], &items[b])))
            && passes(rules, Place::Cluster(&named))
    };
    let sets =
        (1_u32..1 << items.len()).map(|bits| (0..items.len()).filter(|item| bits >> item & 1 == 1).collect());
    let good: Vec<Vec<usize>> = sets.filter(good).collect();
    let inside = |small: &Vec<usize>, large: &Vec<usize>| {
        small.len() < large.len() && small.iter().all(|member| large.contains(member))
    };
    good.iter().filter(|set| !good.iter().any(|other| inside(set, other))).cloned().collect()
}

fn passes(rules: &[Value], place: Place<'_>) -> bool {
    expected_rules(rules, place).iter().all(|(_, passed, _)| *passed)
}

fn members(search: &ClusterSearch) -> Vec<Vec<usize>> {
    let number = |id: &String| id.trim_start_matches("item-").parse().unwrap();
    search.clusters.iter().map(|cluster| cluster.item_ids.iter().map(number).collect()).collect()
}

fn search(
    items: &[Attributes],
    pairwise_rules: &[Value],
    rules: &[Value],
    options: SearchOptions,
) -> ClusterSearch {
    let clusters =
        Clusters::new(pairwise(items, pairwise_rules), &ClusterRuleSet::compile("c", rules).unwrap());
    clusters.search(options, &|| false, &Workers::none()).unwrap()
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn the_search_finds_what_trying_all_finds(
        items in vec(generate::attributes(), 1..8),
        pairwise_rules in generate::rules(generate::pairwise_condition()),
        rules in generate::rules(generate::cluster_condition()),
        min_size in 1_usize..4,
        more in 0_usize..6,
        limit in 1_usize..5,
    ) {
        let sizes = (min_size, min_size + more);
        let expected = try_all(&items, &pairwise_rules, &rules, sizes);
        let options = SearchOptions { min_size, max_size: sizes.1, limit: 1_000 };
        let found = search(&items, &pairwise_rules, &rules, options);
        prop_assert!(!found.truncated);
        let sets = members(&found);
        prop_assert!(sets.is_sorted_by_key(|set| (usize::MAX - set.len(), set.clone())));
        prop_assert_eq!(sets.into_iter().collect::<BTreeSet<_>>(), expected.clone());

        let few = search(&items, &pairwise_rules, &rules, SearchOptions { limit, ..options });
        let sets = members(&few);
        prop_assert!(sets.iter().all(|set| expected.contains(set)));
        let mut sizes: Vec<usize> = expected.iter().map(Vec::len).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.truncate(limit);
        prop_assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
        prop_assert!(few.truncated || expected.len() <= limit);
    }
}

/// A catalogue in which each of `kinds` kinds has `each` items, and items of one kind do not go together.
fn kinds(kinds: usize, each: usize) -> (Vec<Attributes>, Value) {
    let items = (0..kinds * each)
        .map(|index| json!({"colour": index % kinds, "size": index}).as_object().unwrap().clone())
        .collect();
    (items, json!({"name": "kind", "type": "exclusion", "condition": {"equals": {"field": "colour"}}}))
}

#[test]
fn the_largest_come_first_and_the_limit_is_told() {
    let (items, rule) = kinds(10, 30);
    let options = SearchOptions { min_size: 2, max_size: 20, limit: 50 };
    let found = search(&items, std::slice::from_ref(&rule), &[], options);
    assert_eq!(found.clusters.len(), 50);
    assert!(found.clusters.iter().all(|cluster| cluster.size == 10));
    assert_eq!(found.truncated_by, Some(Truncation::Limit));

    // One of each kind, said by the cluster rules instead: they end up in the same graph.
    let unique =
        json!({"name": "kind", "type": "requirement", "condition": {"unique_values": {"field": "colour"}}});
    assert_eq!(search(&items, &[], &[unique], options), found);
}

#[test]
fn sizes_bound_the_clusters() {
    let (items, _) = kinds(40, 1);
    let whole = search(&items, &[], &[], SearchOptions { min_size: 1, max_size: 100, limit: 10 });
    assert_eq!(whole.clusters.iter().map(|cluster| cluster.size).collect::<Vec<_>>(), [40]);
    assert!(!whole.truncated);
    let cut = search(&items, &[], &[], SearchOptions { min_size: 1, max_size: 3, limit: 10 });
    assert_eq!(cut.clusters.len(), 10);
    assert!(cut.truncated && cut.clusters.iter().all(|cluster| cluster.size == 3));
    let none = search(&items, &[], &[], SearchOptions { min_size: 41, max_size: 100, limit: 10 });
    assert!(none.clusters.is_empty() && !none.truncated);
}

#[test]
fn the_time_budget_ends_the_search() {
    let (items, rule) = kinds(10, 30);
    let clusters = Clusters::new(pairwise(&items, &[rule]), &ClusterRuleSet::compile("c", &[]).unwrap());
    let asked = std::cell::Cell::new(0);
    let expired = || {
        asked.set(asked.get() + 1);
        asked.get() > 500
    };
    let options = SearchOptions { min_size: 2, max_size: 20, limit: 100_000 };
    let found = clusters.search(options, &expired, &Workers::none()).unwrap();
    assert_eq!(found.truncated_by, Some(Truncation::TimeBudget));
    assert!(!found.clusters.is_empty());
    assert_eq!(asked.get(), 501);
}
