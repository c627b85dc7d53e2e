//! `/evaluate/pair` and `/evaluate/item`

use serde_json::{Value, json};

use crate::world::{ask, import, item, not_found, refused, timeless, wardrobe, with};

fn pair() -> Value {
    json!({"item1_id": "hat", "item2_id": "gown", "catalog_name": "wardrobe", "ruleset_name": "rules"})
}

fn hat_and_gown() -> Value {
    json!({
        "item1_id": "hat", "item2_id": "gown", "compatible": false,
        "rules_evaluated": [
            {"rule_name": "zone", "passed": true, "reason": "Different zone values: 'head' vs 'chest'"},
            {"rule_name": "formality", "passed": false, "reason": "formality difference 4.0 exceeds threshold 2"},
        ],
        "metadata": {"ruleset_name": "rules", "schema_name": "wear"},
    })
}

#[tokio::test]
async fn a_pair_is_compared_with_every_enabled_rule_exclusions_first() {
    let service = wardrobe().await;
    let answer = ask(&service, "pair", &pair()).await;
    let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(names, ["item1_id", "item2_id", "compatible", "rules_evaluated", "metadata", "evaluated_at"]);
    assert!(answer["evaluated_at"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!(timeless(answer), hat_and_gown());

    let same = ask(&service, "pair", &with(&pair(), "item2_id", "hat")).await;
    assert_eq!(same["compatible"], false);
    assert_eq!(same["rules_evaluated"][0]["reason"], "Both items have zone='head'");
    service.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_named_in_order() {
    let service = wardrobe().await;
    let nothing =
        json!({"item1_id": "a", "item2_id": "b", "item_id": "c", "catalog_name": "C", "ruleset_name": "R"});
    for route in ["pair", "item"] {
        assert_eq!(refused(&service, route, &nothing).await, not_found("Catalog 'C' not found"));
        let question = with(&nothing, "catalog_name", "wardrobe");
        assert_eq!(refused(&service, route, &question).await, not_found("RuleSet 'R' not found"));
        let question = with(&question, "ruleset_name", "rules");
        let first = if route == "pair" { "Item 'a' not found" } else { "Item 'c' not found" };
        assert_eq!(refused(&service, route, &question).await, not_found(first));
        let question = with(&question, "item1_id", "hat");
        if route == "pair" {
            assert_eq!(refused(&service, route, &question).await, not_found("Item 'b' not found"));
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn the_shape_comes_before_what_is_there() {
    let service = wardrobe().await;
    for field in ["item1_id", "item2_id", "catalog_name", "ruleset_name"] {
        let (status, code, _) = refused(&service, "pair", &with(&pair(), field, 7)).await;
        assert_eq!((status, code.as_str()), (422, "validation_failed"), "{field} of another type");
        let mut question = pair();
        question.as_object_mut().unwrap().remove(field);
        assert_eq!(refused(&service, "pair", &question).await.0, 422, "{field} is missing");
        let (status, code, _) = refused(&service, "pair", &with(&pair(), field, "../etc")).await;
        assert_eq!((status, code.as_str()), (400, "bad_request"), "{field} is no name");
    }
    assert_eq!(refused(&service, "pair", &json!([])).await.0, 422);
    let unknown_fields = ask(&service, "pair", &with(&pair(), "verbose", true)).await;
    assert_eq!(timeless(unknown_fields), hat_and_gown());
    service.stop().await;
}

#[tokio::test]
async fn an_item_is_compared_with_all_others_in_storage_order() {
    let service = wardrobe().await;
    let question = json!({"item_id": "boots", "catalog_name": "wardrobe", "ruleset_name": "rules"});
    let results = ask(&service, "item", &question).await;
    let others: Vec<_> = results.as_array().unwrap().iter().map(|result| &result["item2_id"]).collect();
    assert_eq!(others, ["hat", "coat", "gown"]);
    for result in results.as_array().unwrap() {
        let question = with(&with(&pair(), "item1_id", "boots"), "item2_id", result["item2_id"].clone());
        assert_eq!(timeless(ask(&service, "pair", &question).await), timeless(result.clone()));
    }

    let alone = json!({"catalogs": [{"name": "one", "schema_ref": "wear", "items": [item("a", &json!({"zone": "feet"}))]}]});
    import(&service, &alone).await;
    let question = json!({"item_id": "a", "catalog_name": "one", "ruleset_name": "rules"});
    assert_eq!(ask(&service, "item", &question).await, json!([]));
    service.stop().await;
}
