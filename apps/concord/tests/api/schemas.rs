//! `/api/v1/schemas`

use http::StatusCode;
use serde_json::json;

use crate::support::{assert_field, assert_refused, cluster_ruleset, on_service, ruleset, schema};

#[tokio::test]
async fn creating_returns_what_was_sent() {
    on_service(async |api| {
        // Unknown keys, the order of keys and the kinds of numbers are the client's.
        let dimensions =
            json!([{"zz": 1, "type": "float", "min": 2.0, "name": "a", "max": 2, "extra": {"b": 1, "a": 2}}]);
        let sent = json!({"name": "x", "version": "1.2.3", "dimensions": dimensions, "unknown": true});
        let created = api.create("/schemas", &sent).await;
        assert_eq!(created["id"], 1);
        assert_eq!(created["description"], json!(null));
        assert_eq!(created["dimensions"].to_string(), dimensions.to_string());
        assert_eq!(created["created_at"], created["updated_at"]);
        assert!(created["created_at"].as_str().unwrap().ends_with("+00:00"));
        let keys: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["id", "name", "version", "description", "dimensions", "created_at", "updated_at"]);
        assert_eq!(api.read("/schemas/x").await, created);
        assert_eq!(api.read("/schemas").await, json!([created]));
    })
    .await;
}

#[tokio::test]
async fn what_may_be_created() {
    on_service(async |api| {
        api.create("/schemas", &json!({"name": "empty", "version": "1.0.0", "dimensions": []})).await;
        let described = json!({"name": "null", "version": "1.0.0", "description": null, "dimensions": []});
        api.create("/schemas", &described).await;
        let lax = json!([{"name": "a_1", "type": "integer", "min": "1", "required": "yes"}]);
        api.create("/schemas", &json!({"name": "lax", "version": "1.0.0", "dimensions": lax})).await;
    })
    .await;
}

#[tokio::test]
async fn the_shape_comes_first() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let rows = [
            (json!({"version": "1.0.0", "dimensions": []}), ""),
            (json!({"name": "cars", "dimensions": []}), ""),
            (json!({"name": "cars", "version": "1.0.0"}), ""),
            (json!({"name": 5, "version": "1.0.0", "dimensions": []}), "name"),
            (json!({"name": null, "version": "1.0.0", "dimensions": []}), "name"),
            (json!({"name": "cars", "version": 1, "dimensions": []}), "version"),
            (json!({"name": "cars", "version": "1.0.0", "description": 1, "dimensions": []}), "description"),
            (json!({"name": "cars", "version": "1.0.0", "dimensions": {}}), "dimensions"),
            (json!({"name": "cars", "version": "1.0.0", "dimensions": ["a"]}), "dimensions[0]"),
            (json!([]), ""),
        ];
        for (body, field) in rows {
            assert_field(&api.post("/schemas", &body).await, field);
        }
    })
    .await;
}

#[tokio::test]
async fn a_taken_name_comes_before_the_content() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let again = json!({"name": "cars", "version": "bad", "dimensions": []});
        let message = "Schema with name 'cars' already exists";
        assert_refused(&api.post("/schemas", &again).await, 409, "conflict", message);
    })
    .await;
}

#[tokio::test]
async fn bad_content_is_refused_with_its_places() {
    on_service(async |api| {
        let rows = [
            (json!({"version": "1.0", "dimensions": []}), "version"),
            (json!({"version": "1.0.x", "dimensions": []}), "version"),
            (json!({"version": "1.0.0", "dimensions": [{"type": "string"}]}), "dimensions[0].name"),
            (
                json!({"version": "1.0.0", "dimensions": [{"name": "a-b", "type": "string"}]}),
                "dimensions[0].name",
            ),
            (
                json!({"version": "1.0.0", "dimensions": [{"name": "___", "type": "string"}]}),
                "dimensions[0].name",
            ),
            (
                json!({"version": "1.0.0", "dimensions": [{"name": "a", "type": "date"}]}),
                "dimensions[0].type",
            ),
            (
                json!({"version": "1.0.0", "dimensions": [{"name": "a", "type": "enum"}]}),
                "dimensions[0].values",
            ),
            (
                json!({"version": "1.0.0", "dimensions": [{"name": "a", "type": "list"}]}),
                "dimensions[0].item_type",
            ),
            (
                json!({"version": "1.0.0", "dimensions": [
                    {"name": "a", "type": "string"}, {"name": "a", "type": "string"},
                ]}),
                "dimensions[1].name",
            ),
        ];
        for (mut body, field) in rows {
            body["name"] = json!("x");
            let answer = api.post("/schemas", &body).await;
            assert_field(&answer, field);
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("Schema validation failed: "), "{message}");
            // The original validates schemas always, so its habit is no way round that.
            assert_field(&api.post("/schemas?validate=lenient", &body).await, field);
        }
        assert_eq!(api.read("/schemas").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn changing_replaces_what_is_given() {
    on_service(async |api| {
        let before = api.create("/schemas", &schema("cars")).await;
        let after = api.put("/schemas/cars", &json!({"version": "2.0.0"})).await.json();
        assert_eq!(after["version"], "2.0.0");
        assert_eq!((&after["id"], &after["dimensions"]), (&before["id"], &before["dimensions"]));
        assert_eq!(after["created_at"], before["created_at"]);
        assert_ne!(after["updated_at"], before["updated_at"]);
        let body = json!({"description": "Anything", "dimensions": []});
        let after = api.put("/schemas/cars", &body).await.json();
        assert_eq!(after["description"], "Anything");
        assert_eq!(after["dimensions"], json!([]));
        assert_eq!(api.read("/schemas/cars").await, after);
    })
    .await;
}

#[tokio::test]
async fn changing_nothing_changes_nothing() {
    on_service(async |api| {
        let before = api.create("/schemas", &schema("cars")).await;
        let nothing = [
            json!({}),
            json!({"version": null, "description": null, "dimensions": null}),
            json!({"version": before["version"], "dimensions": before["dimensions"]}),
        ];
        for body in nothing {
            let answer = api.put("/schemas/cars", &body).await;
            assert_eq!((answer.status, answer.json()), (StatusCode::OK, before.clone()));
            assert_eq!(answer.header("etag"), "\"1\"");
        }
        assert_eq!(api.read("/activity").await.as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn changes_are_checked() {
    on_service(async |api| {
        let missing = "Schema 'cars' not found";
        assert_refused(&api.put("/schemas/cars", &json!({})).await, 404, "not_found", missing);
        api.create("/schemas", &schema("cars")).await;
        assert_field(&api.put("/schemas/cars", &json!({"version": "new"})).await, "version");
        assert_field(&api.put("/schemas/cars", &json!({"version": 2})).await, "version");
        let bad = json!({"dimensions": [{"name": "a", "type": "?"}]});
        assert_field(&api.put("/schemas/cars?validate=lenient", &bad).await, "dimensions[0].type");
        // The original's habit: a version alone is not looked at. What is stored is marked.
        let answer = api.put("/schemas/cars?validate=lenient", &json!({"version": "new"})).await.json();
        assert_eq!((&answer["version"], &answer["invalid"]), (&json!("new"), &json!(true)));
        assert_eq!(answer["warnings"][0]["field"], "version");
        let cured = api.put("/schemas/cars", &json!({"version": "3.0.0"})).await.json();
        assert_eq!(cured.get("invalid"), None);
    })
    .await;
}

#[tokio::test]
async fn deleting_takes_along_what_cannot_be_without_it() {
    on_service(async |api| {
        api.fill().await;
        api.create("/catalogs/garage/items", &crate::support::item("mini")).await;
        api.create("/schemas", &schema("boats")).await;
        api.create("/rulesets", &ruleset("boat-pairs", "boats")).await;
        // Of another schema, and yet in need of a ruleset that goes.
        api.create("/cluster-rulesets", &cluster_ruleset("mixed", "boats", "pairs")).await;
        let answer = api.delete("/schemas/cars").await;
        assert_eq!(answer.status, StatusCode::OK);
        let expected = json!({
            "message": "Schema 'cars' deleted successfully",
            "detail": "Deleted with it: cluster rulesets 'sets', 'mixed'; ruleset 'pairs'; catalog 'garage'",
        });
        assert_eq!(answer.json(), expected);
        for path in ["/schemas/cars", "/rulesets/pairs", "/cluster-rulesets/sets", "/cluster-rulesets/mixed"]
        {
            assert_eq!(api.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_refused(
            &api.get("/catalogs/garage/items/mini").await,
            404,
            "not_found",
            "Catalog 'garage' not found",
        );
        api.read("/rulesets/boat-pairs").await;
        let everything = api.read("/export/all").await;
        assert_eq!(everything["cluster_rulesets"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn deleting_alone_has_nothing_more_to_say() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let answer = api.delete("/schemas/cars").await.json();
        assert_eq!(answer, json!({"message": "Schema 'cars' deleted successfully", "detail": null}));
        assert_refused(&api.delete("/schemas/cars").await, 404, "not_found", "Schema 'cars' not found");
        assert_refused(&api.get("/schemas/cars").await, 404, "not_found", "Schema 'cars' not found");
    })
    .await;
}

#[tokio::test]
async fn a_name_can_be_used_again_and_an_id_never() {
    on_service(async |api| {
        for id in 1..=3 {
            assert_eq!(api.create("/schemas", &schema("cars")).await["id"], id);
            assert_eq!(api.delete("/schemas/cars").await.status, StatusCode::OK);
        }
    })
    .await;
}
