//! Stored content that no evaluation can use: 422, with what is wrong.

use serde_json::{Value, json};

use crate::world::{ask, editor, import, item, refused, wardrobe, with};

fn pair() -> Value {
    json!({"item1_id": "hat", "item2_id": "coat", "catalog_name": "wardrobe", "ruleset_name": "rules"})
}

#[tokio::test]
async fn an_item_that_does_not_fit_its_schema_fails_what_touches_it() {
    let service = wardrobe().await;
    let items = [
        item("good", &json!({"zone": "feet", "formality": 1})),
        item("bad", &json!({"zone": "tail", "formality": "high"})),
        item("fine", &json!({"zone": "head", "formality": 1})),
    ];
    import(&service, &json!({"catalogs": [{"name": "mixed", "schema_ref": "wear", "items": items}]})).await;
    let mixed = with(&pair(), "catalog_name", "mixed");
    let good = with(&with(&mixed, "item1_id", "good"), "item2_id", "fine");
    assert_eq!(ask(&service, "pair", &good).await["item2_id"], "fine");

    let touching = with(&good, "item2_id", "bad");
    let answer = editor(&service).await.post("/api/v1/evaluate/pair", &touching).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "validation_failed"));
    let error = &answer.json()["error"];
    assert!(
        error["message"].as_str().unwrap().starts_with("Schema validation failed: item 'bad': "),
        "{error}"
    );
    let places: Vec<_> = error["details"].as_array().unwrap().iter().map(|detail| &detail["field"]).collect();
    assert_eq!(places, ["items['bad'].attributes.zone", "items['bad'].attributes.formality"]);

    let all = with(&with(&mixed, "item_id", "good"), "base_item_ids", json!(["good"]));
    let all = with(&with(&all, "pairwise_ruleset_name", "rules"), "cluster_ruleset_name", "outfit");
    for route in ["matrix", "item", "cluster/candidates", "clusters"] {
        assert_eq!(refused(&service, route, &all).await.0, 422, "{route}");
    }
    let members = with(&all, "item_ids", json!(["good", "fine"]));
    assert_eq!(ask(&service, "cluster/validate", &members).await["is_valid"], true);
    service.stop().await;
}

#[tokio::test]
async fn attributes_that_the_schema_does_not_define_are_left_out() {
    let service = wardrobe().await;
    let items = [
        item("a", &json!({"zone": "feet", "formality": 1, "colour": "red"})),
        item("b", &json!({"zone": "head", "formality": 1})),
    ];
    import(&service, &json!({"catalogs": [{"name": "coloured", "schema_ref": "wear", "items": items}]}))
        .await;
    let question =
        json!({"item1_id": "a", "item2_id": "b", "catalog_name": "coloured", "ruleset_name": "rules"});
    assert_eq!(ask(&service, "pair", &question).await["compatible"], true);
    service.stop().await;
}

#[tokio::test]
async fn rules_that_cannot_be_used_are_named_after_what_is_not_there() {
    let service = wardrobe().await;
    let rule = json!({"name": "odd", "type": "sometimes", "condition": {}});
    let rulesets = json!([
        {"name": "odd", "version": "1.0.0", "schema_ref": "wear", "rules": [rule]},
        {"name": "none", "version": "1.0.0", "schema_ref": "wear", "rules": []},
    ]);
    let cluster_rulesets = json!([
        {"name": "odd", "version": "1", "schema_ref": "wear", "pairwise_ruleset_ref": "rules", "rules": [rule]},
    ]);
    import(&service, &json!({"rulesets": rulesets, "cluster_rulesets": cluster_rulesets})).await;

    let question = with(&pair(), "ruleset_name", "odd");
    let answer = editor(&service).await.post("/api/v1/evaluate/pair", &question).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "validation_failed"));
    let error = &answer.json()["error"];
    assert!(error["message"].as_str().unwrap().starts_with("RuleSet 'odd' is not usable: "), "{error}");
    assert_eq!(error["details"][0]["field"], "rules[0].type");
    assert_eq!(refused(&service, "pair", &with(&question, "item1_id", "nobody")).await.0, 404);

    let cluster = json!({
        "catalog_name": "wardrobe", "pairwise_ruleset_name": "rules", "cluster_ruleset_name": "odd",
        "item_ids": ["hat"],
    });
    let (status, _, message) = refused(&service, "cluster/validate", &cluster).await;
    assert_eq!(status, 422);
    assert!(message.starts_with("ClusterRuleSet 'odd' is not usable: "), "{message}");
    assert_eq!(
        refused(&service, "cluster/validate", &with(&cluster, "item_ids", json!(["nobody"]))).await.0,
        400
    );

    let no_rules = ask(&service, "pair", &with(&pair(), "ruleset_name", "none")).await;
    assert_eq!((&no_rules["compatible"], &no_rules["rules_evaluated"]), (&json!(true), &json!([])));
    service.stop().await;
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_named_after_what_is_not_there() {
    let service = wardrobe().await;
    let client = editor(&service).await;
    let unusable = json!({"version": "one"});
    let put = client.json(http::Method::PUT, "/api/v1/schemas/wear?validate=lenient", &unusable);
    assert_eq!(put.await.status, 200);
    let (status, code, message) = refused(&service, "pair", &pair()).await;
    assert_eq!((status, code.as_str()), (422, "validation_failed"));
    assert!(message.starts_with("Schema 'wear' is not usable: "), "{message}");
    assert_eq!(refused(&service, "pair", &with(&pair(), "item2_id", "nobody")).await.0, 404);
    assert_eq!(
        client.json(http::Method::PUT, "/api/v1/schemas/wear", &json!({"version": "2.0.0"})).await.status,
        200
    );
    assert_eq!(ask(&service, "pair", &pair()).await["compatible"], true);
    service.stop().await;
}
