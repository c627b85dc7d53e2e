//! `/api/v1/rulesets`

use http::StatusCode;
use serde_json::json;

use crate::support::{assert_field, assert_refused, cluster_ruleset, on_service, ruleset, schema};

#[tokio::test]
async fn creating_returns_what_was_sent() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let created = api.create("/rulesets", &ruleset("pairs", "cars")).await;
        let keys: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
        let expected =
            ["id", "name", "version", "description", "schema_name", "rules", "created_at", "updated_at"];
        assert_eq!(keys, expected);
        assert_eq!(created["rules"], ruleset("pairs", "cars")["rules"]);
        assert_eq!(api.read("/rulesets/pairs").await, created);
        assert_eq!(api.read("/rulesets").await, json!([created]));
    })
    .await;
}

#[tokio::test]
async fn what_clients_are_known_to_send_is_accepted() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let nested = json!({"all": [{"equals": {"field": "colour"}}, {"not": {"any_missing": {"field": "seats"}}}]});
        let rows = [
            json!([]),
            json!([{"name": "nested", "type": "exclusion", "condition": nested}]),
            json!([{"name": "off", "type": "exclusion", "enabled": false, "condition": {"equals": {"field": "x"}}}]),
            json!([{"name": "own", "type": "custom", "condition": {"equals": {"field": "x"}}}]),
        ];
        for (index, rules) in rows.into_iter().enumerate() {
            let mut body = ruleset(&format!("r{index}"), "cars");
            body["rules"] = rules;
            api.create("/rulesets", &body).await;
        }
    })
    .await;
}

#[tokio::test]
async fn checks_come_in_order() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        api.create("/rulesets", &ruleset("pairs", "cars")).await;
        // Shape, then the name, then the schema, then the content.
        assert_field(&api.post("/rulesets", &json!({"name": "pairs", "version": 1})).await, "version");
        let taken = ruleset("pairs", "boats");
        let message = "RuleSet 'pairs' already exists";
        assert_refused(&api.post("/rulesets", &taken).await, 409, "conflict", message);
        let mut homeless = ruleset("new", "boats");
        homeless["version"] = json!("bad");
        assert_refused(&api.post("/rulesets", &homeless).await, 404, "not_found", "Schema 'boats' not found");
        homeless["schema_name"] = json!("cars");
        assert_field(&api.post("/rulesets", &homeless).await, "version");
    })
    .await;
}

#[tokio::test]
async fn malformed_rules_are_refused_unless_the_client_insists() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let rows = [
            (json!({"name": "r", "type": "exclusion", "condition": {"foo": {}}}), "rules[0].condition"),
            (
                json!({"name": "r", "type": "exclusion", "condition": {"equals": {}}}),
                "rules[0].condition.equals.field",
            ),
            (json!({"name": "r", "type": "exclusion", "condition": {}}), "rules[0].condition"),
            (
                json!({"name": "a b", "type": "exclusion", "condition": {"equals": {"field": "x"}}}),
                "rules[0].name",
            ),
            (json!({"name": "r", "type": "wish", "condition": {"equals": {"field": "x"}}}), "rules[0].type"),
        ];
        for (index, (rule, field)) in rows.into_iter().enumerate() {
            let mut body = ruleset(&format!("r{index}"), "cars");
            body["rules"] = json!([rule]);
            let answer = api.post("/rulesets", &body).await;
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("RuleSet validation failed: "), "{message}");
            assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{}", answer.text());
            assert_eq!(api.post("/rulesets?validate=strict", &body).await.status, 422);
            let stored = api.create("/rulesets?validate=lenient", &body).await;
            assert_eq!(stored["invalid"], true);
            assert_eq!(stored["rules"], body["rules"]);
            assert_eq!(stored["warnings"][0]["field"], field);
        }
    })
    .await;
}

#[tokio::test]
async fn changing_and_deleting() {
    on_service(async |api| {
        api.fill().await;
        let before = api.read("/rulesets/pairs").await;
        let after = api.put("/rulesets/pairs", &json!({"rules": [], "schema_name": "boats"})).await.json();
        assert_eq!((&after["rules"], &after["schema_name"]), (&json!([]), &json!("cars")));
        assert_eq!(after["version"], before["version"]);
        assert_eq!(api.put("/rulesets/pairs", &json!({})).await.json(), after);
        assert_field(&api.put("/rulesets/pairs", &json!({"version": "two"})).await, "version");
        assert_field(&api.put("/rulesets/pairs", &json!({"rules": [1]})).await, "rules[0]");
        for answer in [
            api.put("/rulesets/x", &json!({})).await,
            api.delete("/rulesets/x").await,
            api.get("/rulesets/x").await,
        ] {
            assert_refused(&answer, 404, "not_found", "RuleSet 'x' not found");
        }
        api.create("/cluster-rulesets", &cluster_ruleset("more", "cars", "pairs")).await;
        let deleted = api.delete("/rulesets/pairs").await;
        assert_eq!(deleted.status, StatusCode::OK);
        let expected = json!({
            "message": "RuleSet 'pairs' deleted successfully",
            "detail": "Deleted with it: cluster rulesets 'sets', 'more'",
        });
        assert_eq!(deleted.json(), expected);
        api.read("/schemas/cars").await;
        assert_eq!(api.read("/cluster-rulesets").await, json!([]));
    })
    .await;
}
