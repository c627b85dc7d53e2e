//! The demo files: sound in every part, and showing what they are there to show.

use std::sync::Arc;

use concord::engine::{
    Catalogue, ClusterRuleSet, Clusters, Item, Pairwise, RuleSet, Schema, SearchOptions, Validation, Workers,
};
use serde_json::Value;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// Everything in a file with one object of each kind, checked as if it were about to be stored.
fn clusters(demo: &Value) -> (Pairwise, Clusters) {
    let [schema, ruleset, cluster_ruleset, catalog] =
        ["schemas", "rulesets", "cluster_rulesets", "catalogs"].map(|kind| &list(demo, kind)[0]);
    let schema =
        Schema::compile(text(schema, "name"), text(schema, "version"), list(schema, "dimensions")).unwrap();
    for rules in [ruleset, cluster_ruleset, catalog] {
        assert_eq!(text(rules, "schema_ref"), schema.name());
    }
    assert_eq!(cluster_ruleset["pairwise_ruleset_ref"], ruleset["name"]);
    assert_eq!(RuleSet::check(text(ruleset, "version"), list(ruleset, "rules")), []);
    assert_eq!(ClusterRuleSet::check(list(cluster_ruleset, "rules")), []);
    let items: Vec<Item<'_>> = list(catalog, "items")
        .iter()
        .map(|item| Item {
            id: text(item, "id"),
            name: text(item, "name"),
            attributes: item["attributes"].as_object().unwrap(),
        })
        .collect();
    let catalogue = Catalogue::compile(text(catalog, "name"), Validation::Full(&schema), &items);
    assert_eq!(catalogue.check(catalogue.rows()), Ok(()));
    let rules =
        RuleSet::compile(text(ruleset, "name"), text(ruleset, "version"), list(ruleset, "rules")).unwrap();
    let pairwise = Pairwise::new(Arc::new(catalogue), Arc::new(rules));
    let rules =
        ClusterRuleSet::compile(text(cluster_ruleset, "name"), list(cluster_ruleset, "rules")).unwrap();
    (pairwise.clone(), Clusters::new(pairwise, &rules))
}

#[test]
fn parts_of_a_computer() {
    let demo = read(include_str!("../../demo/pc-parts.json"));
    let (pairwise, clusters) = clusters(&demo);
    assert!(pairwise.catalogue().len() >= 60);
    assert_eq!(list(&list(&demo, "rulesets")[0], "rules").len(), 8);
    // Every rule has something to say.
    let rows: Vec<_> = pairwise.catalogue().rows().collect();
    let at = jiff::Timestamp::UNIX_EPOCH;
    for rule in 0..8 {
        let fails = |a, b| !pairwise.compare(a, b, at).unwrap().rules_evaluated[rule].passed;
        assert!(rows.iter().any(|a| rows.iter().any(|b| fails(*a, *b))), "rule {rule} never fails");
    }
    let options = SearchOptions { min_size: 6, max_size: 12, limit: 10 };
    let found = clusters.search(options, &|| false, &Workers::none()).unwrap();
    assert_eq!(found.clusters.len(), 10);
    for cluster in &found.clusters {
        let rows: Vec<_> = cluster.item_ids.iter().map(|id| pairwise.catalogue().row(id).unwrap()).collect();
        assert!(clusters.validate(&rows).unwrap().is_valid, "{cluster:?}");
    }
}

#[test]
fn clothes_in_layers() {
    let (pairwise, clusters) = clusters(&read(include_str!("../../demo/alpine-kit.json")));
    let row = |id: &str| pairwise.catalogue().row(id).unwrap();
    let reason = |a: &str, b: &str| {
        let result = pairwise.compare(row(a), row(b), jiff::Timestamp::UNIX_EPOCH).unwrap();
        result.rules_evaluated[0].reason.clone()
    };
    assert_eq!(reason("base-wool", "mid-fleece"), "No conflicts on overlapping parts [arms, back, chest]");
    assert_eq!(reason("base-wool", "base-light").matches("both at layer 0").count(), 3);
    assert_eq!(
        reason("shell-storm", "harness-chest"),
        "Layer conflict detected: hips: inconsistent phasing (item1 over item2, expected under)"
    );
    let options = SearchOptions { min_size: 3, max_size: 12, limit: 5 };
    let found = clusters.search(options, &|| false, &Workers::none()).unwrap();
    assert!(found.clusters[0].size >= 7, "{:?}", found.clusters);
}
