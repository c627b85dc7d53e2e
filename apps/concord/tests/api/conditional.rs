//! Entity tags: `ETag`, `If-Match`, `If-None-Match`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{item, on_service};

/// Every kind of resource, with a change of it.
fn resources() -> [(&'static str, Value); 5] {
    [
        ("/schemas/cars", json!({"description": "1"})),
        ("/rulesets/pairs", json!({"description": "1"})),
        ("/cluster-rulesets/sets", json!({"description": "1"})),
        ("/catalogs/garage", json!({"description": "1"})),
        ("/catalogs/garage/items/mini", json!({"name": "1"})),
    ]
}

#[tokio::test]
async fn a_change_is_made_only_to_what_the_client_has_seen() {
    on_service(async |api| {
        api.fill().await;
        api.create("/catalogs/garage/items", &item("mini")).await;
        for (path, change) in resources() {
            let seen = api.get(path).await.header("etag").to_owned();
            assert!(seen.starts_with('"') && seen.ends_with('"'), "{path}: {seen}");
            let changed = api.send(Method::PUT, path, &[("if-match", &seen)], Some(&change)).await;
            assert_eq!(changed.status, StatusCode::OK, "{path}: {}", changed.text());
            let now = changed.header("etag").to_owned();
            assert_ne!(now, seen, "{path}");
            assert_eq!(api.get(path).await.header("etag"), now, "{path}");
            for method in [Method::PUT, Method::DELETE] {
                let body = (method == Method::PUT).then_some(&change);
                let refused = api.send(method, path, &[("if-match", &seen)], body).await;
                assert_eq!(
                    (refused.status, refused.code()),
                    (StatusCode::CONFLICT, "version_conflict".to_owned())
                );
                assert_eq!(refused.header("etag"), now, "{path}");
            }
            for accepted in ["*", &format!("\"999\", {now}")] {
                let answer = api.send(Method::PUT, path, &[("if-match", accepted)], Some(&json!({}))).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}: {accepted}");
            }
            // Weak tags never match here, and a text that is no tag matches nothing.
            for refused in [&format!("W/{now}"), "nonsense", "\"\""] {
                let answer = api.send(Method::PUT, path, &[("if-match", refused)], Some(&json!({}))).await;
                assert_eq!(answer.code(), "version_conflict", "{path}: {refused}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    on_service(async |api| {
        api.fill().await;
        api.create("/catalogs/garage/items", &item("mini")).await;
        for (path, change) in resources() {
            let tag = api.get(path).await.header("etag").to_owned();
            for held in [tag.clone(), format!("W/{tag}"), "*".to_owned(), format!("\"x\", {tag}")] {
                let answer = api.send(Method::GET, path, &[("if-none-match", &held)], None).await;
                assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{path}: {held}");
                assert!(answer.body.is_empty());
                assert_eq!(answer.header("etag"), tag);
            }
            api.put(path, &change).await;
            let answer = api.send(Method::GET, path, &[("if-none-match", &tag)], None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_tag_of_a_catalogue_moves_with_its_items() {
    on_service(async |api| {
        api.fill().await;
        let mut seen = vec![api.get("/catalogs/garage").await.header("etag").to_owned()];
        api.create("/catalogs/garage/items", &item("mini")).await;
        seen.push(api.get("/catalogs/garage").await.header("etag").to_owned());
        api.delete("/catalogs/garage/items/mini").await;
        seen.push(api.get("/catalogs/garage").await.header("etag").to_owned());
        assert!(seen[0] != seen[1] && seen[1] != seen[2], "{seen:?}");
    })
    .await;
}

#[tokio::test]
async fn a_tag_never_comes_twice_under_one_name() {
    on_service(async |api| {
        let mut seen = Vec::new();
        for _ in 0..3 {
            api.create("/schemas", &crate::support::schema("cars")).await;
            seen.push(api.get("/schemas/cars").await.header("etag").to_owned());
            api.delete("/schemas/cars").await;
        }
        assert_eq!(seen, ["\"1\"", "\"3\"", "\"5\""]);
    })
    .await;
}
