//! `/api/v1/activity`

use serde_json::{Value, json};

use crate::support::{assert_field, item, on_service};

fn types(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|happening| happening["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_happened_is_told_newest_first() {
    on_service(async |api| {
        api.fill().await;
        let created = api.post("/catalogs/garage/items", &item("mini")).await;
        api.put("/catalogs/garage/items/mini", &json!({"name": "Mini"})).await;
        api.delete("/schemas/cars").await;
        let all = api.get("/activity").await;
        let expected = [
            "schema_deleted",
            "catalog_deleted",
            "ruleset_deleted",
            "cluster_ruleset_deleted",
            "item_changed",
            "item_created",
            "catalog_created",
            "cluster_ruleset_created",
            "ruleset_created",
            "schema_created",
        ];
        assert_eq!(types(&all.json()), expected);
        assert_eq!(all.header("x-total-count"), "10");
        assert_eq!(all.header("link"), "");
        let item = &all.json()[5];
        assert_eq!(item["position"], 5);
        assert_eq!(
            (&item["kind"], &item["name"], &item["catalog_name"]),
            (&json!("item"), &json!("mini"), &json!("garage"))
        );
        assert_eq!(item["request_id"], created.header("x-request-id"));
    })
    .await;
}

#[tokio::test]
async fn pages_lead_back_in_time() {
    on_service(async |api| {
        assert_eq!(api.read("/activity").await, json!([]));
        api.fill().await;
        let page = api.get("/activity?limit=3").await;
        assert_eq!(types(&page.json()), ["catalog_created", "cluster_ruleset_created", "ruleset_created"]);
        assert_eq!(page.header("link"), "</api/v1/activity?before=2&limit=3>; rel=\"next\"");
        let page = api.get("/activity?before=2&limit=3").await;
        assert_eq!(types(&page.json()), ["schema_created"]);
        assert_eq!(page.header("link"), "");
        for nothing in ["?before=1", "?before=0", "?limit=0"] {
            assert_eq!(api.read(&format!("/activity{nothing}")).await, json!([]), "{nothing}");
        }
        assert_eq!(api.read("/activity?before=18446744073709551615").await.as_array().unwrap().len(), 4);
        for (query, field) in [("limit=1001", "limit"), ("limit=-1", "limit"), ("before=x", "before")] {
            assert_field(&api.get(&format!("/activity?{query}")).await, field);
        }
    })
    .await;
}
