//! `/api/v1/import`

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Api, assert_field, on_service, on_service_with, schema};

async fn import(api: &Api, path: &str, body: &Value) -> Value {
    let answer = api.post(&format!("/import{path}"), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

fn ruleset_row(name: &str) -> Value {
    json!({"name": name, "version": "1.0.0", "schema_ref": "cars", "rules": []})
}

#[tokio::test]
async fn rows_of_every_kind() {
    on_service(async |api| {
        let schemas = import(api, "/schemas", &json!([schema("cars"), schema("boats")])).await;
        assert_eq!(schemas, json!({"message": "Imported 2 schema(s)", "detail": null}));
        let by_name = json!({"name": "other", "version": "1.0.0", "schema_ref": "", "schema_name": "cars", "rules": []});
        let rulesets = import(api, "/rulesets", &json!([ruleset_row("pairs"), by_name])).await;
        assert_eq!(rulesets["message"], "Imported 2 ruleset(s)");
        let sets = json!({
            "name": "sets", "version": "1", "schema_name": "cars", "pairwise_ruleset_ref": "pairs", "rules": [],
        });
        assert_eq!(import(api, "/cluster-rulesets", &json!([sets])).await["message"], "Imported 1 cluster ruleset(s)");
        let garage = json!({"name": "garage", "schema_ref": "cars", "items": [
            {"id": "mini", "name": "Mini", "attributes": {"seats": 4}, "metadata": {"km": 1}},
            {"id": "maxi", "name": "Maxi", "attributes": {"seats": 9}},
        ]});
        let catalogs = import(api, "/catalogs", &json!([garage, {"name": "empty", "schema_ref": "boats"}])).await;
        assert_eq!(catalogs["message"], "Imported 2 catalog(s) with 2 item(s)");
        assert_eq!(api.read("/catalogs/garage").await["item_count"], 2);
        assert_eq!(api.read("/catalogs/garage/items/mini").await["metadata"], json!({"km": 1}));
        assert_eq!(api.read("/cluster-rulesets/sets").await["pairwise_ruleset_name"], "pairs");
    })
    .await;
}

#[tokio::test]
async fn taken_names_are_reported_or_skipped() {
    on_service(async |api| {
        api.fill().await;
        let rows = [
            ("/schemas", json!([schema("cars")]), "Imported 0 schema(s)", "Schema 'cars' already exists"),
            (
                "/rulesets",
                json!([ruleset_row("pairs")]),
                "Imported 0 ruleset(s)",
                "RuleSet 'pairs' already exists",
            ),
            (
                "/cluster-rulesets",
                json!([{"name": "sets"}]),
                "Imported 0 cluster ruleset(s)",
                "ClusterRuleSet 'sets' already exists",
            ),
            (
                "/catalogs",
                json!([{"name": "garage"}]),
                "Imported 0 catalog(s) with 0 item(s)",
                "Catalog 'garage' already exists",
            ),
        ];
        for (path, body, message, error) in rows {
            let reported = import(api, path, &body).await;
            let expected = json!({"message": format!("{message}. Errors: {error}"), "detail": error});
            assert_eq!(reported, expected);
            for yes in ["true", "yes", "1", "on"] {
                let skipped = import(api, &format!("{path}?skip_existing={yes}"), &body).await;
                assert_eq!(skipped, json!({"message": format!("{message}, skipped 1"), "detail": null}));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_twice_in_one_import_is_taken_the_second_time() {
    on_service(async |api| {
        let answer = import(api, "/schemas", &json!([schema("cars"), schema("cars"), schema("boats")])).await;
        assert_eq!(answer["message"], "Imported 2 schema(s). Errors: Schema 'cars' already exists");
        let rows = json!([ruleset_row("pairs"), ruleset_row("pairs")]);
        let answer = import(api, "/rulesets?skip_existing=true", &rows).await;
        assert_eq!(answer["message"], "Imported 1 ruleset(s), skipped 1");
        // A row that was refused has not taken its name.
        let rows = json!([{"name": "late", "version": "1.0.0"}, schema("late")]);
        let answer = import(api, "/schemas", &rows).await;
        assert_eq!(
            answer["message"],
            "Imported 1 schema(s). Errors: Error importing schema 'late': 'dimensions'"
        );
    })
    .await;
}

#[tokio::test]
async fn refused_rows_do_not_stop_the_others() {
    on_service(async |api| {
        import(api, "/schemas", &json!([schema("cars")])).await;
        import(api, "/rulesets", &json!([ruleset_row("pairs")])).await;
        let rows = [
            ("/schemas", json!({"version": "1.0.0"}), "Error importing schema 'unknown': 'name'"),
            ("/schemas", json!({"name": "x"}), "Error importing schema 'x': 'version'"),
            ("/schemas", json!({"name": "x", "version": 1, "dimensions": []}), "Error importing schema 'x': 'version' must be a string"),
            ("/schemas", json!({"name": "../x"}), "Error importing schema '../x': a name must not contain '/'"),
            (
                "/schemas",
                json!({"name": "x", "version": "one", "dimensions": []}),
                "Schema 'x' validation failed: version 'one' must be three numbers separated by dots, such as 1.0.0",
            ),
            ("/rulesets", json!({"name": "x", "version": "1.0.0", "rules": []}), "Schema 'None' not found for ruleset 'x'"),
            (
                "/rulesets",
                json!({"name": "x", "version": "1.0.0", "rules": [], "schema_ref": "boats"}),
                "Schema 'boats' not found for ruleset 'x'",
            ),
            ("/rulesets", json!({"name": "x", "schema_ref": "cars", "rules": []}), "Error importing ruleset 'x': 'version'"),
            (
                "/cluster-rulesets",
                json!({"name": "x", "schema_ref": "nix"}),
                "Schema 'nix' not found for cluster ruleset 'x'",
            ),
            (
                "/cluster-rulesets",
                json!({"name": "x", "schema_ref": "cars", "pairwise_ruleset_name": "nix"}),
                "Pairwise ruleset 'nix' not found for cluster ruleset 'x'",
            ),
            (
                "/cluster-rulesets",
                json!({"name": "x", "schema_ref": "cars", "pairwise_ruleset_name": "pairs", "version": "1"}),
                "Error importing cluster ruleset 'x': 'rules'",
            ),
            ("/catalogs", json!({"name": "x", "schema_ref": "nix"}), "Schema 'nix' not found for catalog 'x'"),
            ("/catalogs", json!({"schema_ref": "cars"}), "Error importing catalog 'unknown': 'name'"),
            (
                "/catalogs",
                json!({"name": "x", "schema_ref": "cars", "items": {}}),
                "Error importing catalog 'x': 'items' must be a list",
            ),
        ];
        for (path, row, error) in rows {
            let good = match path {
                "/schemas" => schema("good"),
                "/rulesets" => ruleset_row("good"),
                "/cluster-rulesets" => json!({
                    "name": "good", "version": "1", "schema_ref": "cars", "pairwise_ruleset_ref": "pairs", "rules": [],
                }),
                _ => json!({"name": "good", "schema_ref": "cars"}),
            };
            let answer = import(api, &format!("{path}?skip_existing=true"), &json!([row, good])).await;
            assert_eq!(answer["detail"], error);
            assert_eq!(api.get(&format!("{path}/good")).await.status, StatusCode::OK);
        }
    })
    .await;
}

#[tokio::test]
async fn bad_items_are_left_out() {
    on_service(async |api| {
        import(api, "/schemas", &json!([schema("cars")])).await;
        let items = json!([
            {"id": "good", "name": "Good", "attributes": {"seats": 1}},
            {"id": "good", "name": "Again", "attributes": {"seats": 2}},
            {"id": "bare", "name": "Bare"},
            {"name": "Nameless", "attributes": {}},
            {"id": "wide", "name": "Wide", "attributes": {"seats": 99}},
            {"id": "odd", "name": "Odd", "attributes": {"seats": 1, "doors": 1}},
            5,
        ]);
        let answer = import(api, "/catalogs", &json!([{"name": "garage", "schema_ref": "cars", "items": items}])).await;
        let errors = [
            "Error importing item 'good' in catalog 'garage': Item 'good' already exists in catalog",
            "Error importing item 'bare' in catalog 'garage': 'attributes'",
            "Error importing item 'unknown' in catalog 'garage': 'id'",
            "Error importing item 'wide' in catalog 'garage': Dimension 'seats' value 99 is greater than the maximum 9",
            "Error importing item 'unknown' in catalog 'garage': 'items' must be a list of objects",
        ];
        assert_eq!(answer["detail"], errors.join("; "));
        assert!(answer["message"].as_str().unwrap().starts_with("Imported 1 catalog(s) with 2 item(s). Errors: "));
        assert_eq!(answer["warnings"][0]["field"], "catalog 'garage'.item 'odd'.attributes.doors");
        assert_eq!(api.read("/catalogs/garage").await["item_count"], 2);
        assert_eq!(api.read("/catalogs/garage/items/good").await["name"], "Good");
        let lenient = json!([{"name": "yard", "schema_ref": "cars", "items": [
            {"id": "wide", "name": "Wide", "attributes": {"seats": 99}},
        ]}]);
        assert_eq!(import(api, "/catalogs?validate=lenient", &lenient).await["detail"], json!(null));
        assert_eq!(api.read("/catalogs/yard/items/wide").await["invalid"], true);
    })
    .await;
}

#[tokio::test]
async fn everything_at_once() {
    on_service(async |api| {
        assert_eq!(import(api, "/all", &json!({})).await["message"], "No data imported");
        assert_eq!(import(api, "/all", &json!({"schemas": [], "catalogs": null, "x": 1})).await["message"], "No data imported");
        let document = json!({
            "catalogs": [{"name": "garage", "schema_ref": "cars", "items": []}],
            "rulesets": [ruleset_row("pairs"), {"name": "bad", "schema_ref": "nix"}],
            "schemas": [schema("cars")],
        });
        let answer = import(api, "/all", &document).await;
        let message = "Schemas: Imported 1 schema(s) | RuleSets: Imported 1 ruleset(s). Errors: Schema 'nix' not \
                       found for ruleset 'bad' | Catalogs: Imported 1 catalog(s) with 0 item(s)";
        assert_eq!(answer, json!({"message": message, "detail": null}));
        for body in [json!([]), json!("x"), json!({"schemas": {}}), json!({"catalogs": ["x"]})] {
            assert_eq!(api.post("/import/all", &body).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let mut exported = Value::Null;
    on_service_with(&[("DEMO_DATA", "yes")], async |api| {
        exported = api.read("/export/all").await;
    })
    .await;
    assert!(exported["catalogs"].as_array().unwrap().len() >= 2);
    on_service(async |api| {
        let answer = import(api, "/all", &exported).await;
        assert!(!answer["message"].as_str().unwrap().contains("Errors"), "{answer}");
        assert_eq!(api.read("/export/all").await.to_string(), exported.to_string());
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_does_nothing() {
    on_service(async |api| {
        let answer = import(api, "/schemas?dry_run=true", &json!([schema("cars"), {"name": "x"}])).await;
        let expected = json!({
            "message": "Imported 1 schema(s). Errors: Error importing schema 'x': 'version'",
            "detail": "Error importing schema 'x': 'version'",
            "dry_run": true,
        });
        assert_eq!(answer, expected);
        assert_eq!(api.read("/schemas").await, json!([]));
        assert_eq!(api.read("/activity").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn shapes_and_sizes_are_checked_before_anything_is_done() {
    on_service_with(&[("MAX_IMPORT_ITEMS", "3")], async |api| {
        for path in ["/schemas", "/rulesets", "/cluster-rulesets", "/catalogs"] {
            for body in [json!({}), json!(null), json!([1]), json!(["x"]), json!([[]])] {
                let answer = api.post(&format!("/import{path}"), &body).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}");
            }
            assert_field(
                &api.post(&format!("/import{path}?skip_existing=perhaps"), &json!([])).await,
                "skip_existing",
            );
        }
        let four = json!([schema("a"), schema("b"), schema("c"), schema("d")]);
        let answer = api.post("/import/schemas", &four).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "batch_too_large".to_owned()));
        let items: Vec<_> =
            (0..3).map(|id| json!({"id": id.to_string(), "name": "x", "attributes": {}})).collect();
        let large = json!({"catalogs": [{"name": "c", "items": items}]});
        assert_eq!(api.post("/import/all", &large).await.code(), "batch_too_large");
        assert_eq!(api.read("/activity").await, json!([]));
    })
    .await;
}
