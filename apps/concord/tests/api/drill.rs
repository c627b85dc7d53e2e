//! `POST /drill/poison`: from the bad event to the repair.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use concord::service::Concord;
use mainstay::Role;
use mainstay_testkit::TestService;
use serde_json::{Value, json};

use crate::support::{Api, item, run_beside};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_event_is_put_aside_seen_and_left_out() {
    // Whoever is on call: a program that writes down what it gets.
    let pager = tempfile::tempdir().unwrap();
    let (program, told) = (pager.path().join("page"), pager.path().join("told"));
    std::fs::write(&program, format!("#!/bin/sh\ncat >> {}\n", told.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = [("ALERTS_ENABLED", "yes"), ("ALERT_COMMAND", program.to_str().unwrap())];
    let service = TestService::start(Concord, &settings).await;
    let api = Api { client: service.client_as(Role::Operator).await };
    api.fill().await;
    let placed = api.client.post("/drill/poison", &json!({})).await;
    assert_eq!(placed.status, 200, "{}", placed.text());
    let position = placed.json()["position"].clone();

    // Tried again for seven seconds; meanwhile everybody is served.
    let patient = async {
        loop {
            let status = run_beside(&service, &["projection", "status"], "");
            if status.status.code() == Some(1) {
                return String::from_utf8(status.stdout).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(40), patient).await.unwrap();
    assert!(status.contains("put aside: drill-poison (1 events wait)"), "{status}");
    assert!(status.contains(&format!("poison at {position} (drill_poisoned of drill-poison")), "{status}");

    // Somebody is told, soon.
    let patient = async {
        loop {
            let text = std::fs::read_to_string(&told).unwrap_or_default();
            if let Ok(alert) = serde_json::from_str::<Value>(&text) {
                return alert;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let alert = tokio::time::timeout(Duration::from_secs(50), patient).await.unwrap();
    assert_eq!(alert["topic"], "projection_failed");
    assert_eq!(alert["text"], "[concord test] catalog_summary has put drill-poison aside");
    assert_eq!(alert["details"]["failure"]["event"]["position"], position);

    // The others go on, and the health says what is wrong.
    assert_eq!(api.post("/catalogs/garage/items", &item("mini")).await.status, 201);
    let head = api.get("/activity?limit=0").await.header("x-total-count").to_owned();
    let headers = [("x-min-position", head.as_str())];
    let summary = api.send(http::Method::GET, "/catalogs/garage/summary", &headers, None).await;
    assert_eq!(summary.json()["items"], 1, "{}", summary.text());
    let patient = async {
        while api.client.get("/health").await.json()["status"] != "degraded" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.unwrap();

    let noted = run_beside(&service, &["projection", "skip", "catalog_summary", "--key", "drill-poison"], "");
    assert_eq!(noted.status.code(), Some(0), "{noted:?}");
    let patient = async {
        while run_beside(&service, &["projection", "status"], "").status.code() != Some(0) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.unwrap();
    service.stop().await;
}
