use serde_json::{Value, json};

use super::{ClusterRuleSet, RuleSet};
use crate::engine::problem::Problem;

fn found(problems: Vec<Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| format!("{}: {}", problem.field, problem.code)).collect()
}

fn rule(condition: &Value) -> Value {
    json!({"name": "a-rule_1", "type": "requirement", "condition": condition})
}

#[test]
fn what_clients_store_is_accepted() {
    assert!(RuleSet::check("1.0.0", &[]).is_empty());
    let nested = json!({"all": [{"any": [{"equals": {"field": "a"}}, {"any_missing": {"field": "a"}}]}, {"not": {"has_different": {"field": "b"}}}]});
    let mut disabled = rule(&nested);
    disabled["enabled"] = json!("no");
    disabled["anything"] = json!([1]);
    assert!(RuleSet::check("1.0.0", &[rule(&nested), disabled]).is_empty());
    assert!(
        ClusterRuleSet::check(&[rule(&json!({})), rule(&json!({"unique_values": {"field": "a", "max": 1}}))])
            .is_empty()
    );
    let spaced =
        json!({"name": "any name!", "type": "exclusion", "condition": {"formality_range": {"max_diff": 1}}});
    assert!(ClusterRuleSet::check(&[spaced]).is_empty());
}

#[test]
fn a_rule_without_its_fields_keeps_the_ruleset_from_being_used() {
    let rows = [
        (json!(5), "rules[0]: wrong_type"),
        (json!({"type": "exclusion", "condition": {"equals": {"field": "a"}}}), "rules[0].name: missing"),
        (
            json!({"name": " ", "type": "exclusion", "condition": {"equals": {"field": "a"}}}),
            "rules[0].name: invalid_name",
        ),
        (
            json!({"name": "a b", "type": "exclusion", "condition": {"equals": {"field": "a"}}}),
            "rules[0].name: invalid_name",
        ),
        (json!({"name": "a", "condition": {"equals": {"field": "a"}}}), "rules[0].type: missing"),
        (
            json!({"name": "a", "type": "other", "condition": {"equals": {"field": "a"}}}),
            "rules[0].type: unknown_type",
        ),
        (json!({"name": "a", "type": "custom"}), "rules[0].condition: missing"),
        (json!({"name": "a", "type": "custom", "condition": []}), "rules[0].condition: wrong_type"),
        (json!({"name": "a", "type": "custom", "condition": {}}), "rules[0].condition: empty"),
        (
            json!({"name": "a", "type": "custom", "condition": {"equals": {"field": "a"}}, "enabled": null}),
            "rules[0].enabled: wrong_type",
        ),
        (
            json!({"name": "a", "type": "custom", "condition": {"equals": {"field": "a"}}, "description": 1}),
            "rules[0].description: wrong_type",
        ),
    ];
    for (rule, expected) in rows {
        let error = RuleSet::compile("r", "1.0.0", std::slice::from_ref(&rule)).unwrap_err();
        assert_eq!(found(error.problems.clone()), [expected], "{rule}");
        assert_eq!(RuleSet::check("1.0.0", &[rule]), error.problems);
    }
    assert_eq!(found(RuleSet::compile("r", "1.0", &[]).unwrap_err().problems), ["version: invalid_version"]);
    let custom = json!({"name": "a", "type": "custom", "condition": {"unique_values": {"field": "a"}}});
    assert_eq!(
        found(ClusterRuleSet::compile("r", &[custom]).unwrap_err().problems),
        ["rules[0].type: unknown_type"]
    );
}

#[test]
fn a_malformed_condition_is_a_problem_only_for_who_stores_it() {
    let rows = [
        (json!({"foo": {}}), vec!["rules[0].condition: unknown_operator"]),
        (json!({"equals": {}, "not": {}}), vec!["rules[0].condition: several_operators"]),
        (json!({"equals": {}}), vec!["rules[0].condition.equals.field: missing"]),
        (json!({"equals": {"field": 5}}), vec!["rules[0].condition.equals.field: wrong_type"]),
        (json!({"equals": "a"}), vec!["rules[0].condition.equals: wrong_type"]),
        (
            json!({"abs_diff": {}}),
            vec!["rules[0].condition.abs_diff.field: missing", "rules[0].condition.abs_diff.max: missing"],
        ),
        (
            json!({"abs_diff": {"field": "a", "max": "1"}}),
            vec!["rules[0].condition.abs_diff.max: wrong_type"],
        ),
        (json!({"any_equals": {"field": "a"}}), vec!["rules[0].condition.any_equals.value: missing"]),
        (json!({"all": []}), vec!["rules[0].condition.all: missing"]),
        (json!({"not": {}}), vec!["rules[0].condition.not: missing"]),
        (
            json!({"all": [{}, [1], {"any": [{"equals": {}}, {"bar": 1}]}]}),
            vec![
                "rules[0].condition.all[0]: empty",
                "rules[0].condition.all[1]: wrong_type",
                "rules[0].condition.all[2].any[0].equals.field: missing",
                "rules[0].condition.all[2].any[1]: unknown_operator",
            ],
        ),
    ];
    for (condition, expected) in rows {
        assert!(RuleSet::compile("r", "1.0.0", &[rule(&condition)]).is_ok(), "{condition}");
        assert_eq!(found(RuleSet::check("1.0.0", &[rule(&condition)])), expected, "{condition}");
    }
    let cluster = [
        (json!({"equals": {"field": "a"}}), "rules[0].condition: unknown_operator"),
        (
            json!({"count_by_field": {"field": "a", "min": "2"}}),
            "rules[0].condition.count_by_field.min: wrong_type",
        ),
        (json!({"formality_range": {}}), "rules[0].condition.formality_range.max_diff: missing"),
        (json!({"not": {"all": [{}]}}), "rules[0].condition.not.all[0]: empty"),
    ];
    for (condition, expected) in cluster {
        assert!(ClusterRuleSet::compile("r", &[rule(&condition)]).is_ok(), "{condition}");
        assert_eq!(found(ClusterRuleSet::check(&[rule(&condition)])), [expected], "{condition}");
    }
}
