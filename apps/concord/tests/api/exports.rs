//! `/api/v1/export`

use serde_json::{Value, json};

use crate::support::{Api, assert_field, assert_refused, item, on_service, on_service_with, schema};

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn objects_have_their_keys_in_order() {
    on_service(async |api| {
        api.fill().await;
        api.create("/catalogs/garage/items", &item("mini")).await;
        let rows = [
            ("/schemas", "cars", vec!["name", "version", "description", "dimensions"]),
            ("/rulesets", "pairs", vec!["name", "version", "description", "schema_ref", "rules"]),
            (
                "/cluster-rulesets",
                "sets",
                vec!["name", "version", "description", "schema_ref", "pairwise_ruleset_ref", "rules"],
            ),
            ("/catalogs", "garage", vec!["name", "description", "schema_ref", "metadata", "items"]),
        ];
        for (path, name, expected) in rows {
            let list = api.read(&format!("/export{path}")).await;
            assert_eq!(keys(&list[0]), expected, "{path}");
            assert_eq!(api.read(&format!("/export{path}/{name}")).await, list[0], "{path}");
        }
        let garage = api.read("/export/catalogs/garage").await;
        assert_eq!(keys(&garage["items"][0]), ["id", "name", "attributes", "metadata"]);
        let all = api.read("/export/all").await;
        assert_eq!(keys(&all), ["schemas", "rulesets", "cluster_rulesets", "catalogs"]);
        assert_eq!(all["catalogs"], json!([garage]));
    })
    .await;
}

#[tokio::test]
async fn what_is_exported_is_a_file() {
    on_service(async |api| {
        api.fill().await;
        api.create("/schemas", &schema("Möbel \"alt\"")).await;
        let rows = [
            ("/schemas", "attachment; filename=\"schemas.json\""),
            ("/schemas/cars", "attachment; filename=\"schema-cars.json\""),
            ("/cluster-rulesets/sets", "attachment; filename=\"cluster-ruleset-sets.json\""),
            ("/catalogs/garage", "attachment; filename=\"catalog-garage.json\""),
            ("/all", "attachment; filename=\"concord.json\""),
            (
                "/schemas/M%C3%B6bel%20%22alt%22",
                "attachment; filename=\"schema-M_bel _alt_.json\"; filename*=UTF-8''schema-M%C3%B6bel%20_alt_.json",
            ),
        ];
        for (path, expected) in rows {
            assert_eq!(api.get(&format!("/export{path}")).await.header("content-disposition"), expected, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there() {
    on_service(async |api| {
        assert_eq!(
            api.read("/export/all").await,
            json!({"schemas": [], "rulesets": [], "cluster_rulesets": [], "catalogs": []})
        );
        let rows = [
            ("/schemas", "Schema 'x' not found"),
            ("/rulesets", "RuleSet 'x' not found"),
            ("/cluster-rulesets", "ClusterRuleSet 'x' not found"),
            ("/catalogs", "Catalog 'x' not found"),
        ];
        for (path, message) in rows {
            assert_eq!(api.read(&format!("/export{path}")).await, json!([]));
            assert_refused(&api.get(&format!("/export{path}/x")).await, 404, "not_found", message);
        }
        assert_field(&api.get("/export/all?cursor=nonsense").await, "cursor");
    })
    .await;
}

/// Follows the links from page to page.
async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        pages.push(answer.json());
        let link = answer.header("link");
        next = link
            .strip_prefix("</api/v1")
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
            .map(str::to_owned);
        assert!(pages.len() < 50, "the pages go round in circles");
    }
    pages
}

#[tokio::test]
async fn large_exports_come_in_pages() {
    on_service_with(&[("MAX_EXPORT_ITEMS", "3")], async |api| {
        api.fill().await;
        api.create("/schemas", &schema("boats")).await;
        api.create("/catalogs", &json!({"name": "harbour", "schema_name": "cars"})).await;
        for id in ["a", "b", "c", "d", "e"] {
            api.create("/catalogs/garage/items", &item(id)).await;
        }
        api.create("/catalogs/harbour/items", &item("f")).await;
        let all = pages(api, "/export/all").await;
        for page in &all {
            let rows: usize =
                page.as_object().unwrap().values().map(|part| part.as_array().unwrap().len()).sum();
            let items: usize = page["catalogs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["items"].as_array().unwrap().len())
                .sum();
            assert!((1..=3).contains(&(rows + items)), "{page}");
        }
        let ids = |pages: &[Value]| -> Vec<String> {
            let catalogs = pages.iter().flat_map(|page| page["catalogs"].as_array().unwrap());
            let items = catalogs.flat_map(|catalog| catalog["items"].as_array().unwrap());
            items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(&all), ["a", "b", "c", "d", "e", "f"]);
        let schemas: Vec<_> = all.iter().flat_map(|page| page["schemas"].as_array().unwrap()).collect();
        assert_eq!(schemas.len(), 2);
        let garage = pages(api, "/export/catalogs/garage").await;
        assert_eq!(
            garage.iter().map(|page| page["items"].as_array().unwrap().len()).collect::<Vec<_>>(),
            [3, 2]
        );
    })
    .await;
}
