//! What the tests of the API share: a service for each test, and contents to fill it with.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use bytes::Bytes;
use concord::service::Concord;
use http::{Method, StatusCode};
use mainstay::Role;
use mainstay_testkit::{Answer, Client, TestService};
use serde_json::{Value, json};

/// Where the API begins.
pub(crate) const API: &str = "/api/v1";

/// Runs a test against an empty service.
pub(crate) async fn on_service(test: impl AsyncFnOnce(&Api)) {
    on_service_with(&[], test).await;
}

/// Runs a test against a service with settings of its own.
pub(crate) async fn on_service_with(settings: &[(&str, &str)], test: impl AsyncFnOnce(&Api)) {
    let service = TestService::start(Concord, settings).await;
    let client = service.client_as(Role::Operator).await;
    test(&Api { client }).await;
    service.stop().await;
}

/// Runs the program beside a service, on the same database, with a line on its standard input.
///
/// Only in tests whose runtime has threads of its own (`flavor = "multi_thread"`): waiting for the program would
/// otherwise stop the service, perhaps in the middle of a transaction that the program waits for.
pub(crate) fn run_beside(service: &TestService<Concord>, arguments: &[&str], line: &str) -> Output {
    let database = format!("DATABASE_URL={}", service.database_url());
    let mut child = Command::new(env!("CARGO_BIN_EXE_concord"))
        .args(["--set", &database])
        .args(arguments)
        .current_dir(service.folder())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that wants nothing may have ended by now.
    let _ = writeln!(child.stdin.take().unwrap(), "{line}");
    child.wait_with_output().unwrap()
}

/// A client of the API, who may do everything.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
}

impl Api {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.client.get(&format!("{API}{path}")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(&format!("{API}{path}"), body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.client.json(Method::PUT, &format!("{API}{path}"), body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.client.json(Method::PATCH, &format!("{API}{path}"), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.client.delete(&format!("{API}{path}")).await
    }

    /// Sends a request with headers of its own.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.client.request(method, &format!("{API}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.client.send(request.body(Bytes::from(body)).unwrap()).await
    }

    /// Creates something that must be created.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path}: {}", answer.text());
        answer.json()
    }

    /// Reads something that must be there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// The schema `cars`, the rulesets `pairs` and `sets` and the catalogue `garage`, without items.
    pub(crate) async fn fill(&self) {
        self.create("/schemas", &schema("cars")).await;
        self.create("/rulesets", &ruleset("pairs", "cars")).await;
        self.create("/cluster-rulesets", &cluster_ruleset("sets", "cars", "pairs")).await;
        self.create("/catalogs", &json!({"name": "garage", "schema_name": "cars"})).await;
    }
}

/// Asserts that a request was refused like this.
#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, status: u16, code: &str, message: &str) {
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status.as_u16(), error["code"].as_str()), (status, Some(code)), "{}", answer.text());
    assert_eq!(error["message"], message);
}

/// Asserts that a request was refused because of this field.
#[track_caller]
pub(crate) fn assert_field(answer: &Answer, field: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    let details = answer.json()["error"]["details"].clone();
    let fields: Vec<_> = details.as_array().into_iter().flatten().map(|detail| &detail["field"]).collect();
    assert!(fields.contains(&&json!(field)), "{field}: {}", answer.text());
}

pub(crate) fn schema(name: &str) -> Value {
    json!({
        "name": name,
        "version": "1.0.0",
        "description": "What drives",
        "dimensions": [
            {"name": "colour", "type": "string"},
            {"name": "seats", "type": "integer", "min": 1, "max": 9, "required": true},
        ],
    })
}

pub(crate) fn ruleset(name: &str, schema: &str) -> Value {
    json!({
        "name": name,
        "version": "1.0.0",
        "schema_name": schema,
        "rules": [{"name": "same-colour", "type": "requirement", "condition": {"equals": {"field": "colour"}}}],
    })
}

pub(crate) fn cluster_ruleset(name: &str, schema: &str, pairwise: &str) -> Value {
    json!({
        "name": name,
        "version": "any",
        "schema_name": schema,
        "pairwise_ruleset_name": pairwise,
        "rules": [{"name": "few", "type": "requirement", "condition": {"count_by_field": {"field": "seats"}}}],
    })
}

pub(crate) fn item(id: &str) -> Value {
    json!({"item_id": id, "name": format!("The {id}"), "attributes": {"colour": "red", "seats": 4}})
}
