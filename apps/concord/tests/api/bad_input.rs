//! Bodies and targets that nobody should send: a clear error, and nothing changed.

use bytes::Bytes;
use http::{Method, StatusCode};
use mainstay_testkit::Answer;
use serde_json::json;

use crate::support::{API, Api, on_service, schema};

async fn raw(api: &Api, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request =
        api.client.request(Method::POST, &format!("{API}{path}")).header("content-type", content_type);
    api.client.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    on_service(async |api| {
        let rows: [&[u8]; 9] = [
            b"",
            b"{",
            b"{\"name\":}",
            b"{'name': 'x'}",
            b"\xff\xfe",
            b"{\"name\":\"\xff\"}",
            b"{\"name\":\"x\",\"name\":\"y\",\"version\":\"1.0.0\",\"dimensions\":[]}",
            b"{\"name\":\"x\",\"version\":\"1.0.0\",\"dimensions\":[{\"name\":\"a\",\"name\":\"b\"}]}",
            b"{\"name\":NaN}",
        ];
        for body in rows {
            let answer = raw(api, "/schemas", "application/json", body.to_vec()).await;
            let text = String::from_utf8_lossy(body);
            assert_eq!((answer.status.as_u16(), answer.code()), (422, "malformed_body".to_owned()), "{text}");
        }
        let answer = raw(api, "/schemas", "text/plain", schema("cars").to_string()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (415, "unsupported_media_type".to_owned()));
        assert_eq!(
            raw(api, "/schemas", "application/vnd.x+json", schema("cars").to_string()).await.status,
            201
        );
    })
    .await;
}

/// So many arrays inside each other.
fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[tokio::test]
async fn nesting_has_an_end_and_what_is_stored_comes_back() {
    on_service(async |api| {
        api.fill().await;
        let item = |id: &str, levels| {
            let body = r#"{"item_id":"ID","name":"x","attributes":{"seats":1,"deep":DEEP}}"#;
            body.replace("ID", id).replace("DEEP", &nested(levels))
        };
        let path = "/catalogs/garage/items";
        let deepest = raw(api, path, "application/json", item("deepest", 98)).await;
        assert_eq!(deepest.status, StatusCode::CREATED, "{}", deepest.text());
        for levels in [99, 120] {
            let answer = raw(api, path, "application/json", item("deeper", levels)).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (422, "validation_failed".to_owned()));
        }
        let answer = raw(api, path, "application/json", item("abyss", 100_000)).await;
        assert_eq!(answer.code(), "malformed_body");
        let exported = api.read("/export/all").await;
        api.delete("/schemas/cars").await;
        let answer = api.post("/import/all", &exported).await;
        assert!(!answer.text().contains("Errors"), "{}", answer.text());
        assert_eq!(api.read("/export/all").await, exported);
    })
    .await;
}

#[tokio::test]
async fn sizes_have_an_end() {
    on_service(async |api| {
        api.fill().await;
        let large = "x".repeat(2 << 20);
        let body = json!({"item_id": "large", "name": large, "attributes": {"seats": 1}});
        let answer = api.post("/catalogs/garage/items", &body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (413, "payload_too_large".to_owned()));
        let row = json!({"name": "big", "version": "1.0.0", "schema_ref": "cars", "description": large, "rules": []});
        let answer = api.post("/import/rulesets", &json!([row])).await.json();
        assert!(answer["message"].as_str().unwrap().starts_with("Imported 0 ruleset(s). Errors: "), "{answer}");
        let answer = raw(api, "/import/all", "application/json", vec![b' '; 20 << 20]).await;
        assert_eq!(answer.code(), "payload_too_large");
        let fields = "a=1&".repeat(1_000);
        let answer = api.get(&format!("/schemas?{fields}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
        assert_eq!(api.read("/catalogs/garage/items").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn targets_and_methods() {
    on_service(async |api| {
        for path in ["/api/v1/nothing", "/api/v1/schemas/", "/api/v1", "/api/v1/schemas/a/b", "/nothing"] {
            assert_eq!(api.client.get(path).await.code(), "not_found", "{path}");
        }
        let answer = api.delete("/schemas").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (405, "method_not_allowed".to_owned()));
        assert!(answer.header("allow").contains("GET") && answer.header("allow").contains("POST"));
        for (path, status) in [("/schemas/%00", 400), ("/schemas/%ff", 400), ("/schemas/%c0%ae", 400)] {
            assert_eq!(api.get(path).await.status.as_u16(), status, "{path}");
        }
        let long = "x".repeat(9_000);
        let answer = api.get(&format!("/schemas/{long}")).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (414, "uri_too_long".to_owned()));
        assert_eq!(api.read("/activity").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn no_method_gives_a_request_back() {
    on_service(async |api| {
        for method in ["TRACE", "TRACK", "DEBUG", "CONNECT", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for path in ["/", "/health", "/api/v1/schemas", "/nothing"] {
                let request = api.client.request(method.clone(), path).header("x-secret", "planted");
                let answer = api.client.send(request.body(Bytes::new()).unwrap()).await;
                let status = answer.status.as_u16();
                assert!(matches!(status, 400 | 404 | 405), "{method} {path}: {status}");
                assert!(!answer.text().contains("planted"), "{method} {path}: {}", answer.text());
                assert!(!answer.header("allow").contains(method.as_str()), "{method} {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn paths_that_lead_elsewhere_lead_nowhere() {
    on_service(async |api| {
        let not_found = (404, "not_found".to_owned());
        // What no name of ours can be is refused before anybody looks for it.
        let bad_request = (400, "bad_request".to_owned());
        let rows = [
            ("/assets/../Cargo.toml", &not_found),
            ("/assets/%2e%2e/%2e%2e/etc/passwd", &not_found),
            ("/assets/..%2f..%2f..%2fetc%2fpasswd", &not_found),
            ("/assets/..%5c..%5cwindows", &not_found),
            ("/assets//etc/passwd", &not_found),
            ("/assets/", &not_found),
            ("/assets/mainstay.css%00.html", &bad_request),
            ("/assets/mainstay.css/", &not_found),
            ("/assets/CON", &not_found),
            ("/ASSETS/mainstay.css", &not_found),
            ("/.git/config", &not_found),
            ("/.env", &not_found),
            ("/..;/api/v1/schemas", &not_found),
            ("//api/v1/schemas", &not_found),
            ("/./api/v1/schemas", &not_found),
            ("/api/v1/../../etc/passwd", &not_found),
            ("/api/v1/schemas/..%2f..%2fetc%2fpasswd", &bad_request),
            ("/api/v1/schemas/%2e%2e", &bad_request),
            ("/api/v1/schemas/NUL", &not_found),
            ("/api/v1/export/schemas/..%2f..%2fetc%2fpasswd", &bad_request),
        ];
        for (path, expected) in rows {
            let answer = api.client.get(path).await;
            let told = (answer.status.as_u16(), answer.code());
            assert_eq!(told, *expected, "{path}: {}", answer.text());
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_packed_stays_packed() {
    on_service(async |api| {
        // The first bytes of a gzip file; what it would become nobody finds out.
        let bomb = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x01\r\0\0\0\xc2";
        for encoding in ["gzip", "br", "zstd", "deflate", "gzip, gzip"] {
            for (path, content_type) in [
                ("/schemas", "application/json"),
                ("/import/all", "application/json"),
                ("/import/all", "application/yaml"),
            ] {
                let request = api.client.request(Method::POST, &format!("{API}{path}"));
                let request =
                    request.header("content-type", content_type).header("content-encoding", encoding);
                let answer = api.client.send(request.body(Bytes::from_static(bomb)).unwrap()).await;
                let told = (answer.status.as_u16(), answer.code());
                assert_eq!(told, (415, "unsupported_media_type".to_owned()), "{path} {encoding}");
            }
        }
        assert_eq!(api.read("/activity").await, json!([]));
    })
    .await;
}
