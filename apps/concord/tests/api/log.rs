//! The commands `event` and `projection`, beside a running service.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use concord::service::Concord;
use mainstay::Role;
use mainstay_testkit::TestService;
use serde_json::Value;

use crate::support::{Api, run_beside};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_shown_and_found_whole() {
    let service = TestService::start(Concord, &[]).await;
    let api = Api { client: service.client_as(Role::Operator).await };
    api.fill().await;
    let run = |arguments: &[&str]| {
        let output = run_beside(&service, arguments, "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["event", "verify"]);
    assert_eq!((code, text.as_str()), (Some(0), "the log is whole: 4 events in 4 streams\n"));
    let (code, text) = run(&["event", "tail", "-n", "2"]);
    assert_eq!(code, Some(0));
    let types: Vec<_> = text.lines().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(types, ["cluster_ruleset_created", "catalog_created"]);
    let (code, text) = run(&["event", "show", "schema-cars", "--format", "json"]);
    assert_eq!(code, Some(0));
    let events: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&events[0]["position"], &events[0]["type"]), (&1.into(), &"schema_created".into()));
    assert_eq!(run(&["event", "show", "1"]).1.lines().count(), 2);
    for nothing in ["1000", "schema-nothing", "no stream"] {
        assert_eq!(run(&["event", "show", nothing]).0, Some(2), "{nothing}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_is_built_anew_on_command() {
    let service = TestService::start(Concord, &[]).await;
    let api = Api { client: service.client_as(Role::Operator).await };
    api.fill().await;
    let run = |arguments: &[&str]| {
        let output = run_beside(&service, arguments, "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let noted = run_beside(&service, &["projection", "rebuild", "catalog_summary"], "");
    assert_eq!(noted.status.code(), Some(0), "{noted:?}");
    let patient = async {
        loop {
            let (_, text) = run(&["projection", "status", "--format", "json"]);
            let all: Value = serde_json::from_str(&text).unwrap();
            let serving = all.as_array().unwrap().iter().find(|status| status["role"] == "serving").unwrap();
            if serving["generation"] == 2 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), patient).await.unwrap();
    let (code, text) = run(&["projection", "status"]);
    assert_eq!(code, Some(0), "{text}");
    for (wish, name) in [("retry", "catalog_summary"), ("skip", "catalog_summary"), ("rebuild", "nothing")] {
        assert_eq!(run(&["projection", wish, name]).0, Some(2), "{wish} {name}");
    }
    service.stop().await;
}

/// `--follow` goes on with what happens, until it is interrupted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_events_are_followed() {
    let service = TestService::start(Concord, &[]).await;
    let api = Api { client: service.client_as(Role::Operator).await };
    let database = format!("DATABASE_URL={}", service.database_url());
    let mut child = Command::new(env!("CARGO_BIN_EXE_concord"))
        .args(["--set", &database, "event", "tail", "--follow", "--format", "json"])
        .current_dir(service.folder())
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    api.fill().await;
    let reading = std::thread::Builder::new().spawn(move || {
        let lines =
            BufReader::new(output).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines.take(4).map(|event| event["position"].as_u64().unwrap()).collect::<Vec<_>>()
    });
    let reading = reading.unwrap();
    let patient = async {
        while !reading.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let heard = tokio::time::timeout(std::time::Duration::from_secs(30), patient).await;
    child.kill().unwrap();
    child.wait().unwrap();
    heard.unwrap();
    assert_eq!(reading.join().unwrap(), [1, 2, 3, 4]);
    service.stop().await;
}
