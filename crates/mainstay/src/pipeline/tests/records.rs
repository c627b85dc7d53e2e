//! What the log says of a request that failed unexpectedly, and what a developer is told.

use axum::body::Body;
use http::{Method, header};
use mainstay_core::Clock;
use serde_json::Value;

use super::{Defences, Edge, RequestSettings, get, request, send};
use crate::extract::Json;
use crate::telemetry::log::{Captured, LogFormat, LogSettings, Logging};
use crate::telemetry::metrics::Metrics;
use crate::{Control, ErrorCode, Refusal, Routes};

/// The shelf is gone.
#[derive(Debug, thiserror::Error)]
#[error("the shelf cannot be read")]
struct Broken(#[source] std::io::Error);

fn edge(tells_causes: bool) -> Edge {
    let broken = async || {
        let cause = Broken(std::io::Error::other("it burnt down"));
        Err::<Json<u8>, _>(Refusal::new(ErrorCode::InternalError).because(cause))
    };
    let slow = async || {
        let cause = Broken(std::io::Error::other("store://app:hunter2@far is away <&>"));
        Err::<Json<u8>, _>(Refusal::new(ErrorCode::DatabaseUnavailable).because(cause))
    };
    let routes = Routes::at("/api")
        .get("/broken", broken)
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/slow", slow)
        .public()
        .waive(Control::Csrf, "no page of ours calls it")
        .get("/panic", async || -> Json<u8> { panic!("planted: a handler that panics") })
        .public()
        .waive(Control::Csrf, "no page of ours calls it");
    let defences = Defences::for_nobody(RequestSettings::default(), Clock::system());
    let defences = defences.telling_causes(tells_causes);
    let edge = Edge::new(defences, Clock::system(), Metrics::new().http().clone());
    edge.install(routes, ErrorCode::NotFound).unwrap();
    edge
}

#[tokio::test]
async fn an_unexpected_error_is_logged_with_its_causes_and_its_request() {
    let edge = edge(false);
    for (path, level, cause) in [
        ("/api/broken", "ERROR", "the shelf cannot be read: it burnt down"),
        ("/api/slow", "WARN", "the shelf cannot be read: store://app:***@far is away <&>"),
        ("/api/panic", "ERROR", ""),
    ] {
        let lines = Captured::default();
        let settings = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
        let logging = Logging::new(&settings, &Clock::system(), lines.clone());
        let answer = {
            let _here = tracing::subscriber::set_default(logging.subscriber());
            get(&edge, path).await
        };
        let records: Vec<Value> =
            lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [failure, access] = records.as_slice() else { panic!("{path}: {records:#?}") };
        assert_eq!(
            (&failure["level"], failure["cause"].as_str().unwrap_or("")),
            (&level.into(), cause),
            "{path}"
        );
        assert_eq!(access["target"], "mainstay::access", "{path}");
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(
            (failure["request_id"].as_str(), access["request_id"].as_str()),
            (Some(id), Some(id)),
            "{path}"
        );
        assert_eq!(access["code"], answer.code());
        assert!(!answer.json().to_string().contains("shelf"), "{path}");
    }
}

#[tokio::test]
async fn a_developer_is_told_the_cause_without_its_secrets_and_nobody_else_is() {
    let forms = ["application/json", "application/problem+json", "text/html"];
    for (tells_causes, form) in [true, false].into_iter().flat_map(|tells| forms.map(|form| (tells, form))) {
        let edge = edge(tells_causes);
        for (path, cause) in [
            ("/api/broken", Some("the shelf cannot be read: it burnt down")),
            ("/api/slow", Some("the shelf cannot be read: store://app:***@far is away <&>")),
            ("/api/panic", None),
        ] {
            let request = request(Method::GET, path).header(header::ACCEPT, form).body(Body::empty());
            let answer = send(&edge, request.unwrap()).await;
            let text = String::from_utf8(answer.body.unwrap().into()).unwrap();
            let told = if form == "text/html" {
                cause_on_page(&text)
            } else {
                let body: Value = serde_json::from_str(&text).unwrap();
                let error = body.get("error").unwrap_or(&body);
                error.get("cause").map(|cause| cause.as_str().unwrap().to_owned())
            };
            assert_eq!(told.as_deref(), cause.filter(|_| tells_causes), "{form} {path}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(tells_causes || !text.contains("shelf"), "{text}");
        }
    }
}

fn cause_on_page(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("Cause: <code>")?;
    let (escaped, _) = rest.split_once("</code>")?;
    Some(escaped.replace("&lt;&amp;&gt;", "<&>").replace("&#x2f;", "/"))
}
