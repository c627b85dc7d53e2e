//! What the log says of a request that failed unexpectedly.

use mainstay_core::Clock;
use serde_json::Value;

use super::{Defences, Edge, RequestSettings, get};
use crate::extract::Json;
use crate::telemetry::log::{Captured, LogFormat, LogSettings, Logging};
use crate::telemetry::metrics::Metrics;
use crate::{Control, ErrorCode, Refusal, Routes};

/// The shelf is gone.
#[derive(Debug, thiserror::Error)]
#[error("the shelf cannot be read")]
struct Broken(#[source] std::io::Error);

fn edge() -> Edge {
    let broken = async || {
        let cause = Broken(std::io::Error::other("it burnt down"));
        Err::<Json<u8>, _>(Refusal::new(ErrorCode::InternalError).because(cause))
    };
    let slow = async || {
        let cause = Broken(std::io::Error::other("it is far away"));
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
    let edge = Edge::new(defences, Clock::system(), Metrics::new().http().clone());
    edge.install(routes, ErrorCode::NotFound).unwrap();
    edge
}

#[tokio::test]
async fn an_unexpected_error_is_logged_with_its_causes_and_its_request() {
    let edge = edge();
    for (path, level, cause) in [
        ("/api/broken", "ERROR", "the shelf cannot be read: it burnt down"),
        ("/api/slow", "WARN", "the shelf cannot be read: it is far away"),
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
