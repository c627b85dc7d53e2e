//! `Idempotency-Key`: requests that are safe to repeat.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, assert_refused, item, on_service, schema};

async fn post(api: &Api, path: &str, key: &str, body: &Value) -> mainstay_testkit::Answer {
    api.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_no_second_effect() {
    on_service(async |api| {
        api.fill().await;
        let mut questionable = item("mini");
        questionable["attributes"]["doors"] = json!(3);
        let requests = [
            ("/schemas", schema("boats")),
            ("/rulesets", crate::support::ruleset("more", "cars")),
            ("/cluster-rulesets", crate::support::cluster_ruleset("more", "cars", "pairs")),
            ("/catalogs", json!({"name": "harbour", "schema_name": "cars"})),
            ("/catalogs/garage/items", questionable),
        ];
        for (path, body) in requests {
            let first = post(api, path, "key", &body).await;
            assert_eq!(first.status, StatusCode::CREATED, "{path}: {}", first.text());
            let second = post(api, path, "key", &body).await;
            assert_eq!((second.status, second.json()), (StatusCode::CREATED, first.json()), "{path}");
            // Without the key, or with another one, it is another request.
            assert_eq!(api.post(path, &body).await.status, StatusCode::CONFLICT, "{path}");
            assert_eq!(post(api, path, "other", &body).await.status, StatusCode::CONFLICT, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    on_service(async |api| {
        post(api, "/schemas", "key", &schema("cars")).await;
        let message = "This Idempotency-Key was used for another request.";
        assert_refused(&post(api, "/schemas", "key", &schema("boats")).await, 409, "conflict", message);
        assert_eq!(api.get("/schemas/boats").await.status, StatusCode::NOT_FOUND);
        // A key belongs to its route.
        let body = json!({"name": "garage", "schema_name": "cars"});
        assert_eq!(post(api, "/catalogs", "key", &body).await.status, StatusCode::CREATED);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_made_again() {
    on_service(async |api| {
        let body = json!({"name": "garage", "schema_name": "cars"});
        assert_eq!(post(api, "/catalogs", "key", &body).await.status, StatusCode::NOT_FOUND);
        api.create("/schemas", &schema("cars")).await;
        assert_eq!(post(api, "/catalogs", "key", &body).await.status, StatusCode::CREATED);
    })
    .await;
}

#[tokio::test]
async fn imports_are_repeated_part_by_part() {
    on_service(async |api| {
        let document = json!({
            "schemas": [schema("cars"), {"name": "broken"}],
            "catalogs": [{"name": "garage", "schema_ref": "cars", "items": [
                {"id": "mini", "name": "Mini", "attributes": {"seats": 4, "doors": 3}},
            ]}],
        });
        let first = post(api, "/import/all", "key", &document).await;
        assert_eq!(first.status, StatusCode::OK);
        let second = post(api, "/import/all", "key", &document).await;
        assert_eq!(second.json(), first.json());
        let third = api.post("/import/all", &document).await.json();
        assert_ne!(third, first.json());
    })
    .await;
}

#[tokio::test]
async fn keys_are_short_and_plain() {
    on_service(async |api| {
        for key in ["", &"k".repeat(256)] {
            let answer = post(api, "/schemas", key, &schema("cars")).await;
            assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "bad_request".to_owned()));
        }
        let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
        let answer = api.send(Method::POST, "/schemas", &twice, Some(&schema("cars"))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    })
    .await;
}
