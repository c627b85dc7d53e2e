//! What holds for every list.

use serde_json::{Value, json};

use crate::support::{Api, assert_field, item, on_service, schema};

async fn three_items(api: &Api) {
    api.fill().await;
    for id in ["a", "b", "c"] {
        api.create("/catalogs/garage/items", &item(id)).await;
    }
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["item_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn parts_come_in_storage_order() {
    on_service(async |api| {
        three_items(api).await;
        let rows = [
            ("", vec!["a", "b", "c"], ""),
            ("?limit=2", vec!["a", "b"], "<PATH?skip=2&limit=2>; rel=\"next\""),
            (
                "?skip=1&limit=1",
                vec!["b"],
                "<PATH?skip=0&limit=1>; rel=\"prev\", <PATH?skip=2&limit=1>; rel=\"next\"",
            ),
            ("?skip=2", vec!["c"], "<PATH?skip=0&limit=100>; rel=\"prev\""),
            ("?skip=9", vec![], "<PATH?skip=0&limit=100>; rel=\"prev\""),
            ("?limit=0", vec![], ""),
            ("?limit=1000", vec!["a", "b", "c"], ""),
        ];
        for (query, expected, links) in rows {
            let answer = api.get(&format!("/catalogs/garage/items{query}")).await;
            assert_eq!(ids(&answer.json()), expected, "{query}");
            assert_eq!(answer.header("x-total-count"), "3", "{query}");
            assert_eq!(
                answer.header("link"),
                links.replace("PATH", "/api/v1/catalogs/garage/items"),
                "{query}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn bounds_are_checked() {
    on_service(async |api| {
        api.fill().await;
        for path in ["/schemas", "/rulesets", "/cluster-rulesets", "/catalogs", "/catalogs/garage/items"] {
            for (query, field) in [
                ("limit=-1", "limit"),
                ("skip=-1", "skip"),
                ("limit=1001", "limit"),
                ("limit=many", "limit"),
                ("skip=1.5", "skip"),
                ("skip=99999999999999999999", "skip"),
                ("skip=", "skip"),
            ] {
                assert_field(&api.get(&format!("{path}?{query}")).await, field);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_kind_counts() {
    on_service(async |api| {
        for name in ["one", "two", "three"] {
            api.create("/schemas", &schema(name)).await;
        }
        let answer = api.get("/schemas?limit=1&skip=2").await;
        assert_eq!(answer.json()[0]["name"], "three");
        assert_eq!(answer.header("x-total-count"), "3");
        for path in ["/rulesets", "/cluster-rulesets", "/catalogs"] {
            let answer = api.get(path).await;
            assert_eq!((answer.json(), answer.header("x-total-count")), (json!([]), "0"), "{path}");
        }
    })
    .await;
}
