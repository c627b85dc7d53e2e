//! Pairs: every reason of the tables, and random rules against the reference.

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reference::{Place, rules as expected_rules};
use crate::{Attributes, cases, generate, pairwise};

/// What the engine says about a pair: name, passed, reason.
fn compare(items: &[Attributes], rules: &[Value], item1: usize, item2: usize) -> Vec<(String, bool, String)> {
    let pairwise = pairwise(items, rules);
    let rows: Vec<_> = pairwise.catalogue().rows().collect();
    let result = pairwise.compare(rows[item1], rows[item2], Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(result.compatible, result.rules_evaluated.iter().all(|rule| rule.passed));
    result.rules_evaluated.into_iter().map(|rule| (rule.rule_name, rule.passed, rule.reason)).collect()
}

/// Whether a condition holds for two items, and why.
fn holds(condition: Value, a: Value, b: Value) -> (bool, String) {
    let rules = [json!({"name": "rule", "type": "requirement", "condition": condition})];
    let items = [a, b].map(|item| item.as_object().unwrap().clone());
    let mut answers = compare(&items, &rules, 0, 1);
    let (_, holds, reason) = answers.remove(0);
    (holds, reason)
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn the_engine_agrees_with_the_reference(
        items in vec(generate::attributes(), 2..4),
        rules in generate::rules(generate::pairwise_condition()),
    ) {
        let pairwise = pairwise(&items, &rules);
        let rows: Vec<_> = pairwise.catalogue().rows().collect();
        for (a, item1) in items.iter().enumerate() {
            for (b, item2) in items.iter().enumerate() {
                let result = pairwise.compare(rows[a], rows[b], Timestamp::UNIX_EPOCH).unwrap();
                let got: Vec<_> =
                    result.rules_evaluated.into_iter().map(|rule| (rule.rule_name, rule.passed, rule.reason)).collect();
                prop_assert_eq!(&got, &expected_rules(&rules, Place::Pair(item1, item2)));
                prop_assert_eq!(result.compatible, got.iter().all(|(_, passed, _)| *passed));
            }
        }
    }
}

#[test]
fn each_reason_of_the_operators() {
    let cover = |entries: Value| json!({"f": entries});
    let one = cover(json!([{"parts": ["b", "a"], "layer": 2.0}, {"parts": ["c"], "layer": 1}]));
    let rows = [
        (
            json!({"equals": {"field": "f"}}),
            json!({"f": 1}),
            json!({"f": 1.0}),
            true,
            "Both items have f='1'",
        ),
        (
            json!({"equals": {"field": "f", "value": 9}}),
            json!({"f": "x"}),
            json!({"f": "y"}),
            false,
            "Different f values: 'x' vs 'y'",
        ),
        (
            json!({"equals": {"field": "f"}}),
            json!({"f": null}),
            json!({"f": "y"}),
            false,
            "One or both items missing 'f' attribute",
        ),
        (
            json!({"has_different": {"field": "f"}}),
            json!({"f": "x"}),
            json!({"f": ["y"]}),
            true,
            "Different f values: 'x' vs '['y']'",
        ),
        (
            json!({"has_different": {"field": "f"}}),
            json!({}),
            json!({}),
            true,
            "One or both items missing 'f' attribute (treated as different)",
        ),
        (
            json!({"has_different": {"field": "f"}}),
            json!({"f": true}),
            json!({"f": 1}),
            false,
            "Same f value: 'True'",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": 2}}),
            json!({"f": 1}),
            json!({"f": " 2 "}),
            true,
            "f difference 1.0 is within threshold 2",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": 0.5}}),
            json!({"f": "1.5"}),
            json!({"f": true}),
            true,
            "f difference 0.5 is within threshold 0.5",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": 0.5}}),
            json!({"f": 5}),
            json!({"f": 1}),
            false,
            "f difference 4.0 exceeds threshold 0.5",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": 1}}),
            json!({}),
            json!({"f": 1}),
            false,
            "One or both items missing 'f' attribute",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": 1}}),
            json!({"f": "x"}),
            json!({"f": 1}),
            false,
            "Cannot compute numeric difference for f",
        ),
        (
            json!({"abs_diff": {"field": "f", "max": "1"}}),
            json!({"f": 1}),
            json!({"f": 1}),
            false,
            "Cannot compute numeric difference for f",
        ),
        (
            json!({"any_equals": {"field": "f", "value": 1}}),
            json!({}),
            json!({"f": true}),
            true,
            "At least one item has f='1'",
        ),
        (
            json!({"any_equals": {"field": "f", "value": "z"}}),
            json!({"f": 2.0}),
            json!({}),
            false,
            "Neither item has f='z' (values: '2.0', 'None')",
        ),
        (
            json!({"any_missing": {"field": "f"}}),
            json!({"f": null}),
            json!({"f": 1}),
            true,
            "At least one item is missing 'f' attribute",
        ),
        (
            json!({"any_missing": {"field": "f"}}),
            json!({"f": 0}),
            json!({"f": ""}),
            false,
            "Both items have 'f' attribute",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one.clone(),
            json!({}),
            false,
            "One or both items missing 'f' attribute (no conflict)",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one.clone(),
            cover(json!([])),
            false,
            "No overlapping body parts (no conflict)",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one.clone(),
            cover(json!([{"parts": ["b", "a"], "layer": 1}, {"parts": ["z"], "layer": 9}])),
            false,
            "No conflicts on overlapping parts [a, b]",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one.clone(),
            cover(
                json!([{"parts": ["a"], "layer": 2}, {"parts": ["b"], "layer": 3}, {"parts": ["c"], "layer": 0}]),
            ),
            true,
            "Layer conflict detected: a: both at layer 2.0; c: inconsistent phasing (item1 over item2, expected under)",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one.clone(),
            cover(json!([{"parts": ["c"], "layer": 1}, {"parts": ["c"], "layer": 2}])),
            false,
            "No conflicts on overlapping parts [c]",
        ),
        (
            json!({"part_layer_conflict": {"field": "f"}}),
            one,
            json!({"f": "x"}),
            false,
            "Error evaluating part_layer_conflict: 'str' object is not a list of parts and layers",
        ),
    ];
    for (condition, a, b, expected, reason) in rows {
        let shown = condition.to_string();
        assert_eq!(holds(condition, a, b), (expected, reason.to_owned()), "{shown}");
    }
}

#[test]
fn each_reason_of_the_combinators() {
    let yes = json!({"any_missing": {"field": "f"}});
    let no = json!({"equals": {"field": "f"}});
    let (why_yes, why_no) =
        ("At least one item is missing 'f' attribute", "One or both items missing 'f' attribute");
    let rows = [
        (json!({"all": [yes, yes]}), true, "All conditions passed".to_owned()),
        (json!({"all": [yes, no, {"unknown": 1}]}), false, format!("AND failed: {why_no}")),
        (json!({"any": [no, yes, {"unknown": 1}]}), true, format!("OR succeeded: {why_yes}")),
        (json!({"or": [no, no]}), false, format!("All OR conditions failed: {why_no}; {why_no}")),
        (json!({"not": no}), true, format!("NOT {why_no}")),
        (json!({"not": yes}), false, format!("NOT {why_yes}")),
        (json!({"not": {"not": yes}}), true, format!("NOT NOT {why_yes}")),
    ];
    for (condition, expected, reason) in rows {
        let shown = condition.to_string();
        assert_eq!(holds(condition, json!({}), json!({})), (expected, reason), "{shown}");
    }
}

#[test]
fn each_config_error() {
    let rows = [
        (json!({"equals": {}}), "No field specified for equals operator"),
        (json!({"has_different": {"field": ""}}), "No field specified for has_different operator"),
        (json!({"abs_diff": {"field": "f"}}), "No max specified for abs_diff operator"),
        (json!({"abs_diff": {"field": "f", "max": null}}), "No max specified for abs_diff operator"),
        (json!({"any_equals": {"field": "f", "value": null}}), "No value specified for any_equals operator"),
        (json!({"any_missing": {"field": null}}), "No field specified for any_missing operator"),
        (json!({"part_layer_conflict": {}}), "No field specified for part_layer_conflict operator"),
        (json!({"all": []}), "No conditions specified for 'all' operator"),
        (json!({"any": {}}), "No conditions specified for 'any' operator"),
        (json!({"or": "x"}), "No conditions specified for 'any' operator"),
        (json!({"not": {}}), "No condition specified for 'not' operator"),
        (json!({"not": null}), "No condition specified for 'not' operator"),
        (json!({"equals": "f"}), "Error evaluating equals: 'str' object has no attribute 'get'"),
        (json!({"equals": {"field": ["f"]}}), "Error evaluating equals: unhashable type: 'list'"),
    ];
    for (condition, reason) in rows {
        let shown = condition.to_string();
        assert_eq!(holds(condition, json!({"f": 1}), json!({"f": 1})), (false, reason.to_owned()), "{shown}");
    }
}

#[test]
fn structural_errors_fail_a_rule_and_falsify_what_encloses_them() {
    let unknown = "Unknown operator 'foo'. Available: ['equals', 'has_different', 'abs_diff', 'any_equals', \
                   'any_missing', 'part_layer_conflict', 'all', 'any', 'or', 'not']";
    let two = "Condition must have exactly one operator, got ['equals', 'has_different']";
    let rows = [
        (json!({"foo": {}}), format!("Error evaluating rule: {unknown}")),
        (json!({"equals": {}, "has_different": {}}), format!("Error evaluating rule: {two}")),
        (json!({"all": [{"foo": {}}]}), format!("Error evaluating all: {unknown}")),
        (
            json!({"any": [[1]]}),
            "Error evaluating any: Condition must be a dictionary, got <class 'list'>".to_owned(),
        ),
        (json!({"or": [{}]}), "Error evaluating or: Condition cannot be empty".to_owned()),
        (json!({"not": {"foo": {}}}), format!("Error evaluating not: {unknown}")),
    ];
    let nothing = Attributes::new();
    for kind in ["exclusion", "requirement"] {
        for (condition, reason) in &rows {
            let top = reason.starts_with("Error evaluating rule");
            let rule = json!({"name": "r", "type": kind, "condition": condition});
            let answers = compare(&[nothing.clone(), nothing.clone()], &[rule], 0, 1);
            // Nested inside, it makes the operator false, and an exclusion passes.
            let passed = !top && kind == "exclusion";
            assert_eq!(answers, [("r".into(), passed, reason.clone())], "{condition}");
        }
    }
}

#[test]
fn nesting_is_bounded() {
    // Moved, not copied: copying and dropping a value this deep would need a deep stack of its own.
    let object = |key: &str, value: Value| Value::Object([(key.to_owned(), value)].into_iter().collect());
    let mut condition = json!({"any_missing": {"field": "f"}});
    for _ in 0..63 {
        condition = object("not", condition);
    }
    assert!(!holds(condition.clone(), json!({}), json!({})).1.contains("nested deeper"));
    for _ in 0..10_000 {
        condition = object("not", condition);
    }
    let mut rules = [json!({"name": "r", "type": "exclusion"})];
    rules[0].as_object_mut().unwrap().insert("condition".into(), condition);
    let nothing = Attributes::new();
    let reason = &compare(&[nothing.clone(), nothing], &rules, 0, 1)[0].2;
    assert!(reason.ends_with("Error evaluating not: Condition is nested deeper than 64 levels"), "{reason}");
    let mut rest = rules[0]["condition"].take();
    while let Some(inner) = rest.get_mut("not").map(Value::take) {
        rest = inner;
    }
}

#[test]
fn exclusions_come_first_and_disabled_and_custom_rules_stay_silent() {
    let condition = json!({"any_missing": {"field": "f"}});
    let rule = |name: &str, kind: &str, enabled: bool| json!({"name": name, "type": kind, "enabled": enabled, "condition": condition});
    let rules = [
        rule("a", "requirement", true),
        rule("b", "exclusion", true),
        rule("c", "custom", true),
        rule("d", "exclusion", false),
        rule("e", "exclusion", true),
        rule("a", "requirement", true),
    ];
    let nothing = Attributes::new();
    let answers = compare(&[nothing.clone(), nothing], &rules, 0, 1);
    let short: Vec<_> = answers.iter().map(|(name, passed, _)| (name.as_str(), *passed)).collect();
    assert_eq!(short, [("b", false), ("e", false), ("a", true), ("a", true)]);
}
