//! `/evaluate/cluster/validate`, `/evaluate/cluster/candidates` and `/evaluate/clusters`

use serde_json::{Value, json};

use crate::world::{ask, editor, many, not_found, refused, wardrobe, with};

fn question() -> Value {
    json!({
        "catalog_name": "wardrobe", "pairwise_ruleset_name": "rules", "cluster_ruleset_name": "outfit",
        "item_ids": ["coat", "boots"], "base_item_ids": ["coat"],
    })
}

#[tokio::test]
async fn a_cluster_is_validated_in_pairs_and_then_by_its_rules() {
    let service = wardrobe().await;
    let expected = json!({
        "item_ids": ["coat", "boots"], "is_valid": true,
        "rule_evaluations": [
            {"rule_name": "pairwise_compatibility", "passed": true, "reason": "All pairs are pairwise compatible"},
            {"rule_name": "zones", "passed": true, "reason": "2 distinct zone value(s)"},
            {"rule_name": "alike", "passed": true, "reason": "Formality range 2-2 (diff=0, max=1)"},
        ],
    });
    assert_eq!(ask(&service, "cluster/validate", &question()).await, expected);

    let clash = with(&question(), "item_ids", json!(["gown", "hat", "coat"]));
    let expected = json!({
        "item_ids": ["gown", "hat", "coat"], "is_valid": false,
        "rule_evaluations": [{
            "rule_name": "pairwise_compatibility", "passed": false,
            "reason": "Incompatible pairs found: (gown, hat), (gown, coat)",
        }],
    });
    assert_eq!(ask(&service, "cluster/validate", &clash).await, expected);

    let nobody = ask(&service, "cluster/validate", &with(&question(), "item_ids", json!([]))).await;
    assert_eq!((&nobody["item_ids"], &nobody["is_valid"]), (&json!([]), &json!(false)));
    assert_eq!(nobody["rule_evaluations"][1]["reason"], "No zone values to count");
    let twice =
        ask(&service, "cluster/validate", &with(&question(), "item_ids", json!(["hat", "hat"]))).await;
    assert_eq!(twice["rule_evaluations"][0]["reason"], "Incompatible pairs found: (hat, hat)");
    service.stop().await;
}

#[tokio::test]
async fn candidates_are_looked_at_as_if_they_joined() {
    let service = wardrobe().await;
    let report = ask(&service, "cluster/candidates", &question()).await;
    assert_eq!(report["base_validation"]["item_ids"], json!(["coat"]));
    assert_eq!(report["base_validation"]["is_valid"], false);
    let candidates = report["candidates"].as_array().unwrap();
    let seen: Vec<_> = candidates
        .iter()
        .map(|one| (&one["item_id"], &one["is_pairwise_compatible"], &one["cluster_if_added"]["is_valid"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        seen,
        [(&json!("hat"), &yes, &yes), (&json!("boots"), &yes, &yes), (&json!("gown"), &no, &no)]
    );
    assert_eq!(candidates[0]["cluster_if_added"]["item_ids"], json!(["coat", "hat"]));

    let given = with(&question(), "candidate_item_ids", json!(["boots", "nobody", "coat", "boots"]));
    let report = ask(&service, "cluster/candidates", &given).await;
    let ids: Vec<_> = report["candidates"].as_array().unwrap().iter().map(|one| &one["item_id"]).collect();
    assert_eq!(ids, ["boots", "coat", "boots"]);
    let none = ask(&service, "cluster/candidates", &with(&question(), "candidate_item_ids", json!([]))).await;
    assert_eq!(none["candidates"], json!([]));
    let all =
        ask(&service, "cluster/candidates", &with(&question(), "candidate_item_ids", Value::Null)).await;
    assert_eq!(all["candidates"].as_array().unwrap().len(), 3);

    let mut from_nothing = question();
    from_nothing.as_object_mut().unwrap().remove("base_item_ids");
    let report = ask(&service, "cluster/candidates", &from_nothing).await;
    let empty = json!({"item_ids": [], "is_valid": false, "rule_evaluations": []});
    assert_eq!(report["base_validation"], empty);
    assert_eq!(report["candidates"].as_array().unwrap().len(), 4);
    let (status, code, _) =
        refused(&service, "cluster/candidates", &with(&question(), "base_item_ids", Value::Null)).await;
    assert_eq!((status, code.as_str()), (422, "validation_failed"));
    service.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_named_in_order() {
    let service = wardrobe().await;
    let nothing = json!({
        "catalog_name": "C", "pairwise_ruleset_name": "R", "cluster_ruleset_name": "X",
        "item_ids": ["a", "hat", "it's"], "base_item_ids": ["hat", "a", "b"],
    });
    for route in ["cluster/validate", "cluster/candidates", "clusters"] {
        assert_eq!(refused(&service, route, &nothing).await, not_found("Catalog 'C' not found"));
        let question = with(&nothing, "catalog_name", "wardrobe");
        assert_eq!(refused(&service, route, &question).await, not_found("RuleSet 'R' not found"));
        let question = with(&question, "pairwise_ruleset_name", "rules");
        assert_eq!(refused(&service, route, &question).await, not_found("ClusterRuleSet 'X' not found"));
        let question = with(&question, "cluster_ruleset_name", "outfit");
        let message = match route {
            "cluster/validate" => r#"Items not found in catalog: ['a', "it's"]"#,
            "cluster/candidates" => "Base item 'a' not found in catalog",
            _ => continue,
        };
        let expected = (400, "bad_request".to_owned(), message.to_owned());
        assert_eq!(refused(&service, route, &question).await, expected);
    }
    service.stop().await;
}

#[tokio::test]
async fn questions_of_any_size_are_not_answered() {
    let service = many(1_200).await;
    let question = with(&question(), "catalog_name", "many");
    let ids = |count: usize| -> Value { (0..count).map(|index| format!("item-{index:04}")).collect() };
    for (route, field) in [("cluster/validate", "item_ids"), ("cluster/candidates", "base_item_ids")] {
        let (status, code, message) = refused(&service, route, &with(&question, field, ids(1_001))).await;
        assert_eq!((status, code.as_str()), (422, "batch_too_large"));
        assert_eq!(message, format!("{field} may be 1000 at most, not 1001"));
    }
    assert_eq!(
        refused(&service, "cluster/candidates", &with(&question, "base_item_ids", ids(900))).await.1,
        "batch_too_large",
        "1,200 candidates with 900 others each"
    );
    let largest = ask(&service, "cluster/validate", &with(&question, "item_ids", ids(1_000))).await;
    assert_eq!(largest["is_valid"], false);
    service.stop().await;
}

#[tokio::test]
async fn clusters_are_found_largest_first() {
    let service = wardrobe().await;
    let found = ask(&service, "clusters", &question()).await;
    let expected = json!({
        "clusters": [{"item_ids": ["hat", "coat", "boots"], "size": 3}],
        "truncated": false, "truncated_by": null,
    });
    assert_eq!(found, expected);

    let mut without_rules = question();
    without_rules.as_object_mut().unwrap().remove("cluster_ruleset_name");
    let all = with(&without_rules, "min_size", 1);
    let found = ask(&service, "clusters", &all).await;
    let sizes: Vec<_> = found["clusters"].as_array().unwrap().iter().map(|one| &one["size"]).collect();
    assert_eq!(sizes, [3, 1], "the gown goes with nothing: {found}");
    let first = ask(&service, "clusters", &with(&all, "limit", 1)).await;
    assert_eq!(first["clusters"].as_array().unwrap().len(), 1);
    assert_eq!((&first["truncated"], &first["truncated_by"]), (&json!(true), &json!("limit")));
    let small = ask(&service, "clusters", &with(&without_rules, "max_size", 2)).await;
    assert!(small["clusters"].as_array().unwrap().iter().all(|one| one["size"] == 2));
    let single = ask(&service, "clusters", &with(&without_rules, "max_size", 1)).await;
    assert_eq!(single["clusters"].as_array().unwrap().len(), 4, "no smaller than the largest asked for");
    let (status, _, message) =
        refused(&service, "clusters", &with(&without_rules, "catalog_name", "empty")).await;
    assert_eq!((status, message.as_str()), (422, "Cannot evaluate empty catalog"));
    service.stop().await;
}

#[tokio::test]
async fn a_search_outside_its_bounds_is_refused_with_every_field() {
    let service = wardrobe().await;
    let mut outside = question();
    for (field, value) in [("min_size", 0), ("max_size", 257), ("limit", 1_001), ("time_budget_ms", 0)] {
        outside[field] = value.into();
    }
    let answer = editor(&service).await.post("/api/v1/evaluate/clusters", &outside).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "validation_failed"));
    let details = answer.json()["error"]["details"].clone();
    let fields: Vec<_> = details.as_array().unwrap().iter().map(|detail| &detail["field"]).collect();
    assert_eq!(fields, ["min_size", "max_size", "limit", "time_budget_ms"]);
    let crossed = with(&with(&question(), "min_size", 5), "max_size", 4);
    assert_eq!(refused(&service, "clusters", &crossed).await.0, 422);
    assert_eq!(refused(&service, "clusters", &with(&question(), "limit", -1)).await.0, 422);
    service.stop().await;
}

#[tokio::test]
async fn a_search_ends_with_its_time() {
    let service = many(2_000).await;
    let question = json!({
        "catalog_name": "many", "pairwise_ruleset_name": "rules", "time_budget_ms": 1, "limit": 1000,
        "max_size": 3,
    });
    let found = ask(&service, "clusters", &question).await;
    assert_eq!((&found["truncated"], &found["truncated_by"]), (&json!(true), &json!("time_budget")));
    service.stop().await;
}
