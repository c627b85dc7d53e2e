//! Clusters: every reason of the table, and random rules against the reference.

use concord::engine::{ClusterRuleSet, Clusters, RuleEvaluation};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reference::{Place, rules as expected_rules, rules_until_failure};
use crate::{Attributes, cases, generate, ids, pairwise};

fn clusters(items: &[Attributes], pairwise_rules: &[Value], rules: &[Value]) -> Clusters {
    Clusters::new(pairwise(items, pairwise_rules), &ClusterRuleSet::compile("outfit", rules).unwrap())
}

fn plain(evaluations: Vec<RuleEvaluation>) -> Vec<(String, bool, String)> {
    evaluations.into_iter().map(|rule| (rule.rule_name, rule.passed, rule.reason)).collect()
}

/// Whether a condition holds for some items, and why.
fn holds(condition: Value, items: &[Value]) -> (bool, String) {
    let rules = [json!({"name": "rule", "type": "requirement", "condition": condition})];
    let items: Vec<Attributes> = items.iter().map(|item| item.as_object().unwrap().clone()).collect();
    let clusters = clusters(&items, &[], &rules);
    let rows: Vec<_> = pairwise(&items, &[]).catalogue().rows().collect();
    let mut answers = plain(clusters.validate_rules(&rows).unwrap().rule_evaluations);
    let (_, holds, reason) = answers.remove(0);
    (holds, reason)
}

fn go_together(rules: &[Value], a: &Attributes, b: &Attributes) -> bool {
    expected_rules(rules, Place::Pair(a, b)).iter().all(|(_, passed, _)| *passed)
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn the_engine_agrees_with_the_reference(
        items in vec(generate::attributes(), 1..4),
        chosen in vec(any::<prop::sample::Index>(), 0..4),
        pairwise_rules in generate::rules(generate::pairwise_condition()),
        rules in generate::rules(generate::cluster_condition()),
    ) {
        let ids = ids(items.len());
        let named: Vec<(&str, &Attributes)> = ids.iter().map(String::as_str).zip(&items).collect();
        let chosen: Vec<usize> = chosen.iter().map(|index| index.index(items.len())).collect();
        let clusters = clusters(&items, &pairwise_rules, &rules);
        let all_rows: Vec<_> = pairwise(&items, &[]).catalogue().rows().collect();
        let rows: Vec<_> = chosen.iter().map(|&index| all_rows[index]).collect();
        let members: Vec<_> = chosen.iter().map(|&index| named[index]).collect();

        let mut clashes = Vec::new();
        for (index, &(a, first)) in members.iter().enumerate() {
            for &(b, second) in &members[index + 1..] {
                if !go_together(&pairwise_rules, first, second) {
                    clashes.push(format!("({a}, {b})"));
                }
            }
        }
        let cluster_rules = rules_until_failure(&rules, Place::Cluster(&members));
        let mut expected = vec![("pairwise_compatibility".to_owned(), true, "All pairs are pairwise compatible".to_owned())];
        if clashes.is_empty() {
            expected.extend(cluster_rules.clone());
        } else {
            expected[0].1 = false;
            expected[0].2 = format!("Incompatible pairs found: {}", clashes.join(", "));
        }
        let validation = clusters.validate(&rows).unwrap();
        prop_assert_eq!(&validation.item_ids, &members.iter().map(|(id, _)| (*id).to_owned()).collect::<Vec<_>>());
        prop_assert_eq!(validation.is_valid, expected.iter().all(|(_, passed, _)| *passed));
        prop_assert_eq!(plain(validation.rule_evaluations), expected);
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn candidates_agree_with_the_reference(
        items in vec(generate::attributes(), 1..5),
        chosen in vec(any::<prop::sample::Index>(), 0..3),
        pairwise_rules in generate::rules(generate::pairwise_condition()),
        rules in generate::rules(generate::cluster_condition()),
    ) {
        let ids = ids(items.len());
        let named: Vec<(&str, &Attributes)> = ids.iter().map(String::as_str).zip(&items).collect();
        let chosen: Vec<usize> = chosen.iter().map(|index| index.index(items.len())).collect();
        let clusters = clusters(&items, &pairwise_rules, &rules);
        let all_rows: Vec<_> = pairwise(&items, &[]).catalogue().rows().collect();
        let rows: Vec<_> = chosen.iter().map(|&index| all_rows[index]).collect();
        let members: Vec<_> = chosen.iter().map(|&index| named[index]).collect();
        let cluster_rules = rules_until_failure(&rules, Place::Cluster(&members));

        let report = clusters.candidates(&rows, None).unwrap();
        let base = report.base_validation;
        prop_assert_eq!(base.is_valid, !members.is_empty() && cluster_rules.iter().all(|(_, passed, _)| *passed));
        prop_assert_eq!(plain(base.rule_evaluations), if members.is_empty() { vec![] } else { cluster_rules });
        let others: Vec<_> = (0..items.len()).filter(|index| !chosen.contains(index)).collect();
        prop_assert_eq!(report.candidates.len(), others.len());
        for (candidate, other) in report.candidates.into_iter().zip(others) {
            let joined: Vec<_> = members.iter().copied().chain([named[other]]).collect();
            prop_assert_eq!(&candidate.item_id, &ids[other]);
            let compatible = members.iter().all(|(_, member)| go_together(&pairwise_rules, member, &items[other]));
            prop_assert_eq!(candidate.is_pairwise_compatible, compatible);
            let expected = rules_until_failure(&rules, Place::Cluster(&joined));
            prop_assert_eq!(plain(candidate.cluster_if_added.rule_evaluations), expected);
        }
    }
}

#[test]
fn each_reason_of_the_operators() {
    let of =
        |field: &str, values: &[Value]| values.iter().map(|value| json!({field: value})).collect::<Vec<_>>();
    let f = |values: &[Value]| of("f", values);
    let formal = |values: &[Value]| of("formality", values);
    let unique = json!({"unique_values": {"field": "f", "max": 1}});
    let has = json!({"has_item_with": {"field": "f", "value": 1}});
    let count = json!({"count_by_field": {"field": "f", "min": 2, "max": 3}});
    let range = json!({"formality_range": {"max_diff": 1.5}});
    let rows = [
        (&unique, f(&[json!(1), json!(2), Value::Null]), true, "All 2 f values are unique"),
        (&unique, f(&[json!(1), json!(1.0), json!(true), json!(2)]), false, "Found 2 duplicate f value(s)"),
        (&unique, vec![json!({})], true, "No f values to check"),
        (&unique, f(&[json!([1])]), false, "Error evaluating unique_values: unhashable type: 'list'"),
        (&has, f(&[json!(1), json!(true), json!(2)]), true, "Found 2 item(s) with f='1'"),
        (&has, f(&[json!(2)]), false, "No items with f='1'"),
        (&count, f(&[json!(1), json!(2), json!(2)]), true, "2 distinct f value(s)"),
        (&count, f(&[json!(1), json!(1)]), false, "Only 1 distinct f value(s) (need 2)"),
        (
            &count,
            f(&[json!(1), json!(2), json!(3), json!(4)]),
            false,
            "Too many distinct f values (4, max 3)",
        ),
        (&count, vec![], false, "No f values to count"),
        (&count, f(&[json!({})]), false, "Error evaluating count_by_field: unhashable type: 'dict'"),
        (&range, formal(&[json!(2.5), json!("1")]), true, "Formality range 1-2 (diff=2, max=1.5)"),
        (&range, formal(&[json!(1), json!(4)]), false, "Formality range 1-4 (diff=3 exceeds max 1.5)"),
        (&range, vec![json!({})], true, "No formality values to check"),
        (&range, formal(&[json!(1), json!("x")]), false, "Invalid formality value for item-1: x"),
    ];
    for (condition, items, expected, reason) in rows {
        assert_eq!(holds(condition.clone(), &items), (expected, reason.to_owned()), "{condition}");
    }
}

#[test]
fn each_error_and_the_brackets_of_not() {
    let available =
        "['unique_values', 'has_item_with', 'count_by_field', 'formality_range', 'all', 'any', 'or', 'not']";
    let rows = [
        (json!({"unique_values": {}}), false, "No field specified for unique_values operator".to_owned()),
        (
            json!({"has_item_with": {"field": "f"}}),
            false,
            "No value specified for has_item_with operator".to_owned(),
        ),
        (json!({"count_by_field": {}}), false, "No field specified for count_by_field operator".to_owned()),
        (
            json!({"formality_range": {}}),
            false,
            "No max_diff specified for formality_range operator".to_owned(),
        ),
        (json!({"all": []}), false, "No conditions specified for 'all' operator".to_owned()),
        (json!({"or": []}), false, "No conditions specified for 'any' operator".to_owned()),
        (json!({"not": {}}), false, "No condition specified for 'not' operator".to_owned()),
        (json!({}), false, "Error evaluating rule: Condition cannot be empty".to_owned()),
        (
            json!({"min_cluster_size": {"value": 2}}),
            false,
            format!(
                "Error evaluating rule: Unknown cluster operator 'min_cluster_size'. Available: {available}"
            ),
        ),
        (
            json!({"not": {"equals": {}}}),
            false,
            format!("Error evaluating not: Unknown cluster operator 'equals'. Available: {available}"),
        ),
        (json!({"not": {"unique_values": {"field": "f"}}}), false, "NOT (No f values to check)".to_owned()),
    ];
    for (condition, expected, reason) in rows {
        let shown = condition.to_string();
        assert_eq!(holds(condition, &[json!({})]), (expected, reason), "{shown}");
    }
}
