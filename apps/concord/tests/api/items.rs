//! `/api/v1/catalogs/{name}/items`

use serde_json::json;

use crate::support::{assert_field, assert_refused, item, on_service};

const ITEMS: &str = "/catalogs/garage/items";

#[tokio::test]
async fn creating_returns_what_was_sent() {
    on_service(async |api| {
        api.fill().await;
        let attributes = json!({"seats": 4, "colour": "red"});
        let sent = json!({"item_id": "mini", "name": "Mini / old", "attributes": attributes, "metadata": {"km": 2.0}});
        let created = api.create(ITEMS, &sent).await;
        let keys: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
        let expected =
            ["id", "item_id", "name", "attributes", "metadata", "catalog_name", "created_at", "updated_at"];
        assert_eq!(keys, expected);
        assert_eq!(created["attributes"].to_string(), attributes.to_string());
        assert_eq!(created["metadata"].to_string(), r#"{"km":2.0}"#);
        assert_eq!(created["catalog_name"], "garage");
        assert_eq!(api.read(&format!("{ITEMS}/mini")).await, created);
        assert_eq!(api.read(ITEMS).await, json!([created]));
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_comes_before_the_item() {
    on_service(async |api| {
        api.fill().await;
        api.create(ITEMS, &item("mini")).await;
        let missing = "Catalog 'harbour' not found";
        for answer in [
            api.post("/catalogs/harbour/items", &json!({"item_id": "x", "name": "", "attributes": {}})).await,
            api.get("/catalogs/harbour/items").await,
            api.get("/catalogs/harbour/items/mini").await,
            api.put("/catalogs/harbour/items/mini", &json!({})).await,
            api.delete("/catalogs/harbour/items/mini").await,
        ] {
            assert_refused(&answer, 404, "not_found", missing);
        }
        let missing = "Item 'maxi' not found";
        assert_refused(&api.get("/catalogs/garage/items/maxi").await, 404, "not_found", missing);
        assert_refused(&api.put("/catalogs/garage/items/maxi", &json!({})).await, 404, "not_found", missing);
        assert_refused(&api.delete("/catalogs/garage/items/maxi").await, 404, "not_found", missing);
        let mut taken = item("mini");
        taken["attributes"] = json!({"seats": "many"});
        let message = "Item 'mini' already exists in catalog";
        assert_refused(&api.post(ITEMS, &taken).await, 409, "conflict", message);
        assert_field(
            &api.post(ITEMS, &json!({"item_id": "mini", "name": 5, "attributes": {}})).await,
            "name",
        );
        assert_field(
            &api.post(ITEMS, &json!({"item_id": "a", "name": "a", "attributes": []})).await,
            "attributes",
        );
        assert_field(&api.post(ITEMS, &json!({"item_id": "a", "name": "a"})).await, "");
    })
    .await;
}

#[tokio::test]
async fn attributes_must_fit_the_schema() {
    on_service(async |api| {
        api.fill().await;
        let rows = [
            (json!({"colour": "red"}), "attributes.seats"),
            (json!({"seats": null}), "attributes.seats"),
            (json!({"seats": "4"}), "attributes.seats"),
            (json!({"seats": 4.0}), "attributes.seats"),
            (json!({"seats": true}), "attributes.seats"),
            (json!({"seats": 10}), "attributes.seats"),
            (json!({"seats": 4, "colour": 5}), "attributes.colour"),
        ];
        for (index, (attributes, field)) in rows.into_iter().enumerate() {
            let body = json!({"item_id": format!("i{index}"), "name": "x", "attributes": attributes});
            let answer = api.post(ITEMS, &body).await;
            assert_field(&answer, field);
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("Item validation failed: "), "{message}");
            let stored = api.create(&format!("{ITEMS}?validate=lenient"), &body).await;
            assert_eq!((&stored["invalid"], &stored["attributes"]), (&json!(true), &attributes));
        }
        let blank = json!({"item_id": "blank", "name": "  ", "attributes": {"seats": 1}});
        assert_field(&api.post(ITEMS, &blank).await, "name");
    })
    .await;
}

#[tokio::test]
async fn what_the_schema_does_not_define_is_accepted_with_a_warning() {
    on_service(async |api| {
        api.fill().await;
        let body = json!({"item_id": "mini", "name": "Mini", "attributes": {"seats": 4, "doors": 3}});
        assert_field(&api.post(&format!("{ITEMS}?validate=strict"), &body).await, "attributes.doors");
        let stored = api.create(ITEMS, &body).await;
        assert_eq!(stored["attributes"], body["attributes"]);
        assert_eq!(stored.get("invalid"), None);
        let warning = "Attribute 'doors' is not defined in schema 'cars'";
        assert_eq!(stored["warnings"][0]["message"], warning);
        assert_eq!(api.read(&format!("{ITEMS}/mini")).await.get("warnings"), None);
    })
    .await;
}

#[tokio::test]
async fn changing_replaces_whole_values() {
    on_service(async |api| {
        api.fill().await;
        let mut sent = item("mini");
        sent["metadata"] = json!({"km": 2});
        let before = api.create(ITEMS, &sent).await;
        let mini = format!("{ITEMS}/mini");
        let same = json!({"name": null, "attributes": null, "metadata": null});
        assert_eq!(api.put(&mini, &same).await.json(), before);
        let after = api.put(&mini, &json!({"attributes": {"seats": 2}})).await.json();
        assert_eq!((&after["attributes"], &after["name"]), (&json!({"seats": 2}), &before["name"]));
        assert_eq!(after["metadata"], json!({"km": 2}));
        assert_eq!(api.put(&mini, &json!({"metadata": {}})).await.json()["metadata"], json!({}));
        assert_field(&api.put(&mini, &json!({"attributes": {}})).await, "attributes.seats");
        let lenient = format!("{mini}?validate=lenient");
        assert_eq!(api.put(&lenient, &json!({"attributes": {}})).await.json()["invalid"], true);
        assert_eq!(api.put(&mini, &json!({"name": "Mini"})).await.status, 422);
    })
    .await;
}

#[tokio::test]
async fn deleting_counts() {
    on_service(async |api| {
        api.fill().await;
        for id in ["a", "b", "c"] {
            api.create(ITEMS, &item(id)).await;
        }
        let deleted = api.delete("/catalogs/garage/items/b").await.json();
        assert_eq!(deleted, json!({"message": "Item 'b' deleted successfully", "detail": null}));
        assert_eq!(api.read("/catalogs/garage").await["item_count"], 2);
        // Used again, the id stands for another item, behind the others.
        assert_eq!(api.create(ITEMS, &item("b")).await["id"], 4);
        let ids: Vec<_> =
            api.read(ITEMS).await.as_array().unwrap().iter().map(|item| item["item_id"].clone()).collect();
        assert_eq!(ids, ["a", "c", "b"]);
    })
    .await;
}
