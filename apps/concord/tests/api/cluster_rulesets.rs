//! `/api/v1/cluster-rulesets`

use serde_json::json;

use crate::support::{assert_field, assert_refused, cluster_ruleset, on_service, ruleset, schema};

#[tokio::test]
async fn creating_returns_what_was_sent() {
    on_service(async |api| {
        api.fill().await;
        let created = api.read("/cluster-rulesets/sets").await;
        let keys: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
        let expected = [
            "id",
            "name",
            "version",
            "description",
            "schema_name",
            "pairwise_ruleset_name",
            "rules",
            "created_at",
            "updated_at",
        ];
        assert_eq!(keys, expected);
        assert_eq!(created["rules"], cluster_ruleset("sets", "cars", "pairs")["rules"]);
        assert_eq!(api.read("/cluster-rulesets").await, json!([created]));
        // It fails whenever it is evaluated, but clients store it.
        let mut empty = cluster_ruleset("empty", "cars", "pairs");
        empty["rules"] = json!([{"name": "nothing", "type": "requirement", "condition": {}}]);
        assert_eq!(api.create("/cluster-rulesets", &empty).await.get("invalid"), None);
    })
    .await;
}

#[tokio::test]
async fn checks_come_in_order() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        api.create("/rulesets", &ruleset("pairs", "cars")).await;
        api.create("/cluster-rulesets", &cluster_ruleset("sets", "cars", "pairs")).await;
        let path = "/cluster-rulesets";
        assert_field(&api.post(path, &json!({"name": "sets", "version": []})).await, "version");
        let taken = cluster_ruleset("sets", "boats", "nothing");
        assert_refused(
            &api.post(path, &taken).await,
            409,
            "conflict",
            "ClusterRuleSet 'sets' already exists",
        );
        let body = cluster_ruleset("new", "boats", "nothing");
        assert_refused(&api.post(path, &body).await, 404, "not_found", "Schema 'boats' not found");
        let mut body = cluster_ruleset("new", "cars", "nothing");
        body["rules"] = json!([{"name": "r", "type": "custom", "condition": {}}]);
        assert_refused(
            &api.post(path, &body).await,
            404,
            "not_found",
            "Pairwise RuleSet 'nothing' not found",
        );
        body["pairwise_ruleset_name"] = json!("pairs");
        assert_field(&api.post(path, &body).await, "rules[0].type");
        assert_eq!(api.create("/cluster-rulesets?validate=lenient", &body).await["invalid"], true);
    })
    .await;
}

#[tokio::test]
async fn changing_and_deleting() {
    on_service(async |api| {
        api.fill().await;
        let after = api.put("/cluster-rulesets/sets", &json!({"version": "", "rules": []})).await.json();
        assert_eq!((&after["version"], &after["rules"]), (&json!(""), &json!([])));
        let bad = json!({"rules": [{"name": "r", "type": "requirement", "condition": {"equals": {}}}]});
        assert_field(&api.put("/cluster-rulesets/sets", &bad).await, "rules[0].condition");
        let missing = "ClusterRuleSet 'x' not found";
        assert_refused(&api.put("/cluster-rulesets/x", &json!({})).await, 404, "not_found", missing);
        assert_refused(&api.get("/cluster-rulesets/x").await, 404, "not_found", missing);
        assert_refused(&api.delete("/cluster-rulesets/x").await, 404, "not_found", missing);
        let deleted = api.delete("/cluster-rulesets/sets").await.json();
        let expected = json!({
            "message": "ClusterRuleSet deleted successfully",
            "detail": "ClusterRuleSet 'sets' has been deleted",
        });
        assert_eq!(deleted, expected);
        api.read("/rulesets/pairs").await;
    })
    .await;
}
