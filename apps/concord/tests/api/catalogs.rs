//! `/api/v1/catalogs`

use serde_json::json;

use crate::support::{assert_field, assert_refused, item, on_service, schema};

#[tokio::test]
async fn creating_returns_what_was_sent() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        let metadata = json!({"z": 1, "a": 2.0, "n": null});
        let sent =
            json!({"name": "garage", "description": "Mine", "schema_name": "cars", "metadata": metadata});
        let created = api.create("/catalogs", &sent).await;
        let keys: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
        let expected = [
            "id",
            "name",
            "description",
            "schema_name",
            "metadata",
            "item_count",
            "created_at",
            "updated_at",
        ];
        assert_eq!(keys, expected);
        assert_eq!(created["metadata"].to_string(), metadata.to_string());
        assert_eq!(created["item_count"], 0);
        assert_eq!(api.read("/catalogs/garage").await, created);
        assert_eq!(api.read("/catalogs").await, json!([created]));
    })
    .await;
}

#[tokio::test]
async fn no_metadata_is_empty_metadata() {
    on_service(async |api| {
        api.create("/schemas", &schema("cars")).await;
        for (name, metadata) in [("absent", None), ("null", Some(json!(null))), ("empty", Some(json!({})))] {
            let mut body = json!({"name": name, "schema_name": "cars"});
            if let Some(metadata) = metadata {
                body["metadata"] = metadata;
            }
            assert_eq!(api.create("/catalogs", &body).await["metadata"], json!({}), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn checks_come_in_order() {
    on_service(async |api| {
        api.fill().await;
        assert_field(
            &api.post("/catalogs", &json!({"name": "garage", "schema_name": "x", "metadata": []})).await,
            "metadata",
        );
        assert_field(&api.post("/catalogs", &json!({"name": "garage"})).await, "");
        let taken = json!({"name": "garage", "schema_name": "boats"});
        assert_refused(
            &api.post("/catalogs", &taken).await,
            409,
            "conflict",
            "Catalog 'garage' already exists",
        );
        let homeless = json!({"name": "harbour", "schema_name": "boats"});
        assert_refused(&api.post("/catalogs", &homeless).await, 404, "not_found", "Schema 'boats' not found");
        let missing = "Catalog 'harbour' not found";
        for answer in [
            api.get("/catalogs/harbour").await,
            api.put("/catalogs/harbour", &json!({})).await,
            api.patch("/catalogs/harbour", &json!({})).await,
            api.delete("/catalogs/harbour").await,
        ] {
            assert_refused(&answer, 404, "not_found", missing);
        }
    })
    .await;
}

#[tokio::test]
async fn putting_replaces_and_patching_merges() {
    on_service(async |api| {
        api.fill().await;
        let body =
            json!({"description": "Mine", "metadata": {"a": 1, "b": {"c": 2, "d": 3}}, "schema_name": "x"});
        let after = api.put("/catalogs/garage", &body).await.json();
        assert_eq!((&after["description"], &after["metadata"]), (&json!("Mine"), &body["metadata"]));
        assert_eq!(after["schema_name"], "cars");
        assert_eq!(
            api.put("/catalogs/garage", &json!({"description": null, "metadata": null})).await.json(),
            after
        );
        let patch = json!({"description": null, "metadata": {"b": {"c": null}, "e": [1]}});
        let after = api.patch("/catalogs/garage", &patch).await.json();
        assert_eq!(after["description"], json!(null));
        assert_eq!(after["metadata"], json!({"a": 1, "b": {"d": 3}, "e": [1]}));
        let after = api.patch("/catalogs/garage", &json!({"metadata": null})).await.json();
        assert_eq!(after["metadata"], json!({}));
        assert_field(&api.patch("/catalogs/garage", &json!({"metadata": 5})).await, "metadata");
    })
    .await;
}

#[tokio::test]
async fn deleting_takes_the_items_along_and_keeps_the_schema() {
    on_service(async |api| {
        api.fill().await;
        api.create("/catalogs/garage/items", &item("mini")).await;
        assert_eq!(api.read("/catalogs/garage").await["item_count"], 1);
        let deleted = api.delete("/catalogs/garage").await.json();
        assert_eq!(deleted, json!({"message": "Catalog 'garage' deleted successfully", "detail": null}));
        api.read("/schemas/cars").await;
        // Under the same name begins another catalogue.
        api.create("/catalogs", &json!({"name": "garage", "schema_name": "cars"})).await;
        assert_eq!(api.read("/catalogs/garage/items").await, json!([]));
        assert_eq!(api.create("/catalogs/garage/items", &item("mini")).await["id"], 2);
    })
    .await;
}
