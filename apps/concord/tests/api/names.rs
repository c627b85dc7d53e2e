//! What may be a name, in paths and in bodies.

use http::StatusCode;
use serde_json::json;

use crate::support::{item, on_service, schema};

/// As sent in a path, and what it is.
const REFUSED: [(&str, &str); 8] = [
    ("..%2Fetc", "../etc"),
    ("%2e%2e%2fetc", "../etc"),
    ("a%2Fb", "a/b"),
    ("a%5Cb", "a\\b"),
    (".hidden", ".hidden"),
    ("a%0Ab", "a\nb"),
    ("a%7Fb", "a\u{7f}b"),
    ("%20", " "),
];

#[tokio::test]
async fn what_is_no_name_is_refused_in_paths() {
    on_service(async |api| {
        api.fill().await;
        let long = "x".repeat(129);
        for (sent, _) in REFUSED.into_iter().chain([(long.as_str(), "")]) {
            for path in
                ["/schemas/", "/rulesets/", "/cluster-rulesets/", "/catalogs/", "/catalogs/garage/items/"]
            {
                let answer = api.get(&format!("{path}{sent}")).await;
                assert_eq!(
                    (answer.status, answer.code()),
                    (StatusCode::BAD_REQUEST, "bad_request".to_owned()),
                    "{path}{sent}"
                );
            }
            let answer = api.delete(&format!("/schemas/{sent}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{sent}");
        }
        // Decoded once: this is a name with a percent sign in it.
        assert_eq!(api.get("/schemas/%252e").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_name_is_refused_in_bodies() {
    on_service(async |api| {
        api.fill().await;
        let long = "x".repeat(129);
        for name in REFUSED.into_iter().map(|(_, name)| name).chain(["", "a\0b", &long]) {
            for answer in [
                api.post("/schemas", &schema(name)).await,
                api.post("/catalogs", &json!({"name": "x", "schema_name": name})).await,
                api.post("/catalogs/garage/items", &item(name)).await,
            ] {
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name:?}: {}", answer.text());
                let error = answer.json()["error"].clone();
                assert_eq!(error["details"][0]["code"], "invalid_name");
                assert!(
                    error["message"].as_str().unwrap().starts_with("This name cannot be used: "),
                    "{error}"
                );
            }
        }
        assert_eq!(api.read("/schemas").await.as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn unusual_names_work_throughout() {
    on_service(async |api| {
        let long = "日".repeat(128);
        let names = [
            ("PC parts 2.0", "PC%20parts%202.0"),
            ("größe-1", "gr%C3%B6%C3%9Fe-1"),
            ("a+b&c?d#e%f", "a%2Bb%26c%3Fd%23e%25f"),
            ("sha256:0", "sha256:0"),
            ("'; drop table schema; --", "'%3B%20drop%20table%20schema%3B%20--"),
            (long.as_str(), &"%E6%97%A5".repeat(128)),
        ];
        for (name, sent) in names {
            api.create("/schemas", &schema(name)).await;
            assert_eq!(api.read(&format!("/schemas/{sent}")).await["name"], name);
            let changed = api.put(&format!("/schemas/{sent}"), &json!({"version": "2.0.0"})).await;
            assert_eq!(changed.json()["version"], "2.0.0");
            let deleted = api.delete(&format!("/schemas/{sent}")).await;
            assert_eq!(deleted.json()["message"], format!("Schema '{name}' deleted successfully"));
            api.create("/schemas", &schema(name)).await;
        }
    })
    .await;
}
