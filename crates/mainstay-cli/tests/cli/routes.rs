//! `routes` and `openapi`.

use serde_json::Value;

use super::*;

#[test]
fn every_route_is_listed_with_its_policy() {
    let ran = Shell::new().run(&["routes"]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""));
    let line = ran.data.lines().find(|line| line.contains("/api/v1/answer")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        [
            "GET",
            "/api/v1/answer",
            "viewer",
            "default",
            "600/m",
            "(address",
            "2400/m)",
            "10",
            "MiB",
            "1m",
            "default",
            "fail"
        ]
    );
    assert!(ran.data.contains("/health/ready"));
    assert!(!ran.data.lines().any(|line| line.ends_with(' ')));
}

#[test]
fn programs_get_an_object_a_route() {
    let ran = Shell::new().run(&["routes", "--format", "json"]);
    let routes: Value = serde_json::from_str(&ran.data).unwrap();
    let hook = routes.as_array().unwrap().iter().find(|route| route["path"] == "/api/v1/hook").unwrap();
    assert_eq!(hook["method"], "POST");
    assert_eq!(hook["auth"], "public");
    assert_eq!(hook["csrf"], "waived");
    assert_eq!(hook["controls"]["body"], "on");
    assert_eq!(hook["waivers"][0]["reason"], "the sender signs its calls");
    assert_eq!(hook["limits"]["rate"], "600/m");
}

#[test]
fn documents_get_a_table() {
    let ran = Shell::new().run(&["routes", "--format", "md"]);
    let cells: Vec<_> = ran
        .data
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.matches('|').count())
        .collect();
    assert!(cells.len() > 3 && cells.iter().all(|count| *count == cells[0]), "{}", ran.data);
    assert!(ran.data.contains("- POST `/api/v1/hook`, csrf: the sender signs its calls\n"), "{}", ran.data);
}

#[test]
fn a_lock_finds_changes_and_settings_are_none() {
    let lock = Shell::new().run(&["routes", "--format", "lock"]).data;
    assert!(lock.contains("POST /api/v1/hook auth=public limit=default:600/m waive=csrf\n"), "{lock}");
    let shell = Shell::new()
        .file("routes.lock", &lock)
        .variable("REQUEST_TIMEOUT", "5s")
        .variable("DOCS_ENABLED", "no");
    let ran = shell.run(&["routes", "--check", "routes.lock"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);

    let shell = Shell::new().file("routes.lock", &lock.replace("/hook auth=public", "/hook auth=viewer"));
    let ran = shell.run(&["routes", "--check", "routes.lock"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.data,
        "- POST /api/v1/hook auth=viewer limit=default:600/m waive=csrf\n\
         + POST /api/v1/hook auth=public limit=default:600/m waive=csrf\n"
    );
    assert!(ran.talk.contains("help: review them"), "{}", ran.talk);

    let ran = Shell::new().run(&["routes", "--check", "routes.lock"]);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0007]: routes.lock cannot be read"), "{}", ran.talk);
}

#[test]
fn the_api_is_printed_without_a_database() {
    let shell = Shell::new();
    let ran = shell.run(&["openapi"]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""));
    let document: Value = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(document["info"]["title"], "sample");
    assert!(document["paths"]["/api/v1/answer"]["get"].is_object());
    assert!(!shell.directory.path().join("data").exists());
}
