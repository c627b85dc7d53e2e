//! `/api/v1/import` with files and with YAML.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Method;
use mainstay_testkit::Answer;
use serde_json::{Value, json};

use crate::support::{API, Api, on_service, on_service_with, schema};

const FORM: &str = "multipart/form-data; boundary=----boundary";

async fn post(api: &Api, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request = api.client.request(Method::POST, &format!("{API}/import{path}"));
    api.client.send(request.header("content-type", content_type).body(body.into()).unwrap()).await
}

/// A form with files: name, type, content.
fn form(files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content_type, content) in files {
        let head = format!(
            "------boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------boundary--\r\n");
    body
}

async fn message(api: &Api, path: &str, content_type: &str, body: impl Into<Bytes>) -> String {
    let answer = post(api, path, content_type, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["message"].as_str().unwrap().to_owned()
}

const CARS: &str = "
# Written by hand.
name: cars
version: 1.0.0
dimensions:
  - {name: seats, type: integer, min: 1, max: 9, required: true}
";

#[tokio::test]
async fn yaml_bodies() {
    on_service(async |api| {
        let list =
            "- name: cars\n  version: 1.0.0\n  dimensions:\n    - {name: seats, type: integer, max: 9}\n";
        assert_eq!(message(api, "/schemas", "application/yaml", list).await, "Imported 1 schema(s)");
        let again = message(api, "/schemas", "text/yaml", CARS).await;
        assert_eq!(again, "Imported 0 schema(s). Errors: Schema 'cars' already exists");
        assert_eq!(api.read("/export/schemas/cars").await["dimensions"][0]["max"], 9);
        let all = "
catalogs:
  - name: garage
    schema_ref: cars
    items:
      - {id: mini, name: Mini, attributes: &four {seats: 4}}
      - {id: midi, name: Midi, attributes: *four}
";
        let imported = message(api, "/all", "application/yaml; charset=utf-8", all).await;
        assert_eq!(imported, "Catalogs: Imported 1 catalog(s) with 2 item(s)");
        assert_eq!(api.read("/catalogs/garage/items/midi").await["attributes"], json!({"seats": 4}));
    })
    .await;
}

#[tokio::test]
async fn files_of_a_form_are_one_import() {
    on_service(async |api| {
        let boats = json!([schema("boats"), schema("cars")]).to_string();
        let files: &[(&str, &str, &[u8])] = &[
            ("cars.yaml", "application/yaml", CARS.as_bytes()),
            ("boats.json", "application/json", boats.as_bytes()),
            ("bikes.json", "application/octet-stream", &[b"\xef\xbb\xbf", schema("bikes").to_string().as_bytes()].concat()),
        ];
        let expected = "Imported 3 schema(s). Errors: Schema 'cars' already exists";
        assert_eq!(message(api, "/schemas?dry_run=true", FORM, form(files)).await, expected);
        assert_eq!(api.read("/schemas").await, json!([]));
        assert_eq!(message(api, "/schemas", FORM, form(files)).await, expected);

        let files: &[(&str, &str, &[u8])] = &[
            ("1.yml", "text/yaml", b"catalogs: [{name: garage, schema_ref: cars}]"),
            ("2.json", "application/json", br#"{"catalogs": [{"name": "harbour", "schema_ref": "boats"}]}"#),
            ("3.json", "application/json", br#"{"rulesets": [{"name": "pairs", "version": "1.0.0", "schema_ref": "cars", "rules": []}]}"#),
        ];
        let expected = "RuleSets: Imported 1 ruleset(s) | Catalogs: Imported 2 catalog(s) with 0 item(s)";
        assert_eq!(message(api, "/all", FORM, form(files)).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_file_may_hold_one_object_and_a_json_body_may_not() {
    on_service(async |api| {
        let object = schema("cars").to_string();
        assert_eq!(
            post(api, "/schemas", "application/json", object.clone()).await.code(),
            "validation_failed"
        );
        let files = form(&[("cars.json", "application/json", object.as_bytes())]);
        assert_eq!(message(api, "/schemas", FORM, files).await, "Imported 1 schema(s)");
    })
    .await;
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be() {
    on_service(async |api| {
        let json = "application/json";
        let rows: &[(&str, &str, &[u8], u16, &str)] = &[
            ("../../cars.json", json, b"[]", 422, "validation_failed"),
            ("C:\\cars.json", json, b"[]", 422, "validation_failed"),
            ("cars.json%00.exe", json, b"[]", 422, "validation_failed"),
            ("NUL.json", json, b"[]", 422, "validation_failed"),
            ("aux", json, b"[]", 422, "validation_failed"),
            (".json", json, b"[]", 422, "validation_failed"),
            ("cars.json", json, b"", 422, "validation_failed"),
            ("cars.json", json, b"[1]", 422, "validation_failed"),
            ("cars.json", json, b"[{]", 422, "malformed_body"),
            ("cars.json", json, br#"[{"name": "a", "name": "b"}]"#, 422, "malformed_body"),
            ("cars.yaml", "", b"a: 1\na: 2\n", 422, "malformed_body"),
            ("cars.yaml", "", b"a: [", 422, "malformed_body"),
            ("cars.yaml", "", b"just a text", 422, "validation_failed"),
            ("cars.csv", "text/csv", b"a,b", 415, "unsupported_media_type"),
            ("cars.exe", json, b"[]", 415, "unsupported_media_type"),
            ("cars.json", "application/yaml", b"[]", 415, "unsupported_media_type"),
            ("cars.svg", "image/svg+xml", b"<svg/>", 415, "unsupported_media_type"),
            ("cars.yaml", "", b"<svg onload=alert(1)>: 1", 415, "unsupported_media_type"),
            ("cars.json", json, b"PK\x03\x04\x14\0\0\0\x08\0", 415, "unsupported_media_type"),
            ("cars.json", json, b"\x1f\x8b\x08\0\0\0\0\0", 415, "unsupported_media_type"),
            ("cars.yaml", "", b"a: 1\n# PK\x05\x06\0\0", 415, "unsupported_media_type"),
            ("cars.json", json, b"\xff\xfe[\0]\0", 415, "unsupported_media_type"),
            ("cars.json", json, b"[\"\xff\"]", 415, "unsupported_media_type"),
        ];
        for (name, content_type, content, status, code) in rows {
            let answer = post(api, "/schemas", FORM, form(&[(name, content_type, content)])).await;
            let found = (answer.status.as_u16(), answer.code());
            assert_eq!(found, (*status, (*code).to_owned()), "{name} {}", answer.text());
        }
        // One bad file, and none is imported.
        let good = schema("cars").to_string();
        let files = form(&[("good.json", json, good.as_bytes()), ("bad.yaml", "", b"a: [")]);
        let answer = post(api, "/schemas", FORM, files).await;
        assert_eq!(answer.code(), "malformed_body");
        assert!(
            answer.json()["error"]["message"].as_str().unwrap().starts_with("bad.yaml: "),
            "{}",
            answer.text()
        );
        assert_eq!(api.read("/schemas").await, json!([]));
        assert_eq!(api.read("/activity").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn bombs_and_floods() {
    on_service_with(&[("MAX_UPLOAD_SIZE_MB", "1"), ("MAX_IMPORT_ITEMS", "3")], async |api| {
        let mut laughs = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let below = vec![format!("*l{}", level - 1); 9].join(", ");
            writeln!(laughs, "l{level}: &l{level} [{below}]").unwrap();
        }
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(900_000), vec!["*a"; 90].join(", "));
        let deep = format!("a: {}1{}", "[".repeat(21), "]".repeat(21));
        let aliases = format!("a: &a 1\nb: [{}]\n", vec!["*a"; 101].join(", "));
        let wide = format!("[{}]", vec!["1"; 300_000].join(","));
        let pieces = format!("a: [{}]", vec!["[]"; 250_001].join(","));
        for bomb in [laughs, long, deep, aliases] {
            for (content_type, body) in [
                ("application/yaml", bomb.clone().into_bytes()),
                (FORM, form(&[("bomb.yaml", "application/yaml", bomb.as_bytes())])),
            ] {
                let answer = post(api, "/all", content_type, body).await;
                assert_eq!((answer.status.as_u16(), answer.code()), (422, "malformed_body".to_owned()));
                assert!(answer.text().len() < 2_000, "the refusal is {} bytes", answer.text().len());
            }
        }
        assert_eq!(post(api, "/schemas", "application/json", wide).await.code(), "validation_failed");
        assert_eq!(post(api, "/all", "application/json", pieces).await.status, 422);

        let large = "x".repeat(1 << 20);
        let files = form(&[("a.yaml", "application/yaml", large.as_bytes())]);
        assert_eq!(post(api, "/all", FORM, files).await.code(), "payload_too_large");
        assert_eq!(post(api, "/all", "application/yaml", large + "xx").await.code(), "payload_too_large");

        let parts = vec![("a.json", "application/json", b"[]".as_slice()); 4_000];
        let answer = post(api, "/schemas", FORM, form(&parts)).await;
        assert_eq!(answer.code(), "payload_too_large");
        assert_eq!(answer.json()["error"]["message"], "There are more than 16 parts.");

        let one = schema("a").to_string();
        let files = vec![("a.json", "application/json", one.as_bytes()); 4];
        assert_eq!(post(api, "/schemas", FORM, form(&files)).await.code(), "batch_too_large");
        assert_eq!(api.read("/schemas").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_parts() {
    on_service(async |api| {
        let parts = vec![("a.json", "application/json", b"[]".as_slice()); 10_000];
        let answer = post(api, "/schemas", FORM, form(&parts)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (413, "payload_too_large".to_owned()));
        assert_eq!(answer.json()["error"]["message"], "There are more than 16 parts.");
        let field = "------boundary\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nx\r\n";
        let fields = format!("{}------boundary--\r\n", field.repeat(10_000));
        let answer = post(api, "/schemas", FORM, fields).await;
        assert!(matches!(answer.status.as_u16(), 413 | 422), "{}", answer.text());
        assert!(!answer.code().is_empty());
    })
    .await;
}

#[tokio::test]
async fn forms_are_told_apart() {
    on_service(async |api| {
        let rows = [
            ("multipart/form-data", "", 400, "bad_request"),
            ("multipart/mixed; boundary=x", "--x--", 415, "unsupported_media_type"),
            ("text/plain", "[]", 415, "unsupported_media_type"),
            ("text/csv", "a,b", 415, "unsupported_media_type"),
            ("multipart/form-data; boundary=x", "--x--", 422, "validation_failed"),
            ("multipart/form-data; boundary=x", "--y--", 422, "malformed_body"),
            ("application/yaml", "", 422, "malformed_body"),
            ("application/json", "", 422, "malformed_body"),
        ];
        for (content_type, body, status, code) in rows {
            let answer = post(api, "/schemas", content_type, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (status, code.to_owned()),
                "{content_type} {body}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeated_upload_is_imported_once() {
    on_service(async |api| {
        let send = async |content: &[u8]| {
            let request = api.client.request(Method::POST, &format!("{API}/import/schemas"));
            let request = request.header("content-type", FORM).header("idempotency-key", "one");
            let body = Bytes::from(form(&[("cars.yaml", "application/yaml", content)]));
            api.client.send(request.body(body).unwrap()).await
        };
        let first = send(CARS.as_bytes()).await.json();
        assert_eq!(first["message"], "Imported 1 schema(s)");
        assert_eq!(send(CARS.as_bytes()).await.json(), first);
        assert_eq!(send(CARS.replace("cars", "boats").as_bytes()).await.code(), "conflict");
    })
    .await;
}

#[tokio::test]
async fn the_reference_names_every_form() {
    on_service_with(&[("DOCS_ENABLED", "yes")], async |api| {
        let document = api.client.get("/openapi.json").await.json();
        let content = &document["paths"]["/api/v1/import/schemas"]["post"]["requestBody"]["content"];
        let types: Vec<_> = content.as_object().unwrap().keys().collect();
        assert_eq!(types, ["application/json", "application/yaml", "multipart/form-data"]);
        assert_eq!(content["application/yaml"]["schema"]["type"], "array");
        let file = &content["multipart/form-data"]["schema"]["properties"]["file"];
        assert_eq!((&file["maxItems"], &file["items"]["format"]), (&Value::from(16), &Value::from("binary")));
    })
    .await;
}
