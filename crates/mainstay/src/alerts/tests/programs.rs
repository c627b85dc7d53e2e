use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A script of these lines.
fn script(lines: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    fs::write(&path, format!("#!/bin/sh\ncd {}\n{lines}\n", folder.path().display())).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    (folder, path)
}

async fn wait_for(is: impl Fn() -> bool) {
    let patient = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it comes to be so");
}

/// Whether a process runs: one that ended and was not waited for does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn it_gets_the_alert_and_nothing_of_our_environment() {
    let (folder, path) = script("cat > input; env > environment");
    channel(&[("ALERT_COMMAND", text(&path))]).send(&ALERT).await.expect("taken");
    let input: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("input")).unwrap()).expect("JSON");
    assert_eq!(input["id"], ALERT.id.to_string());
    assert_eq!(input["text"], "[concord test] stock has put item-1 aside");
    assert_eq!(input["details"]["failure"]["error"], "no \"such\" thing");
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    let names: std::collections::BTreeSet<_> =
        environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.contains("ALERT_ID") && names.contains("ALERT_SUBJECT"), "{names:?}");
    // What a shell adds by itself, and ours.
    let known = ["ALERT_ID", "ALERT_SUBJECT", "ALERT_TOPIC", "OLDPWD", "PATH", "PWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
}

/// Taken out before any channel gets the alert, so one stands for all.
#[tokio::test]
async fn no_secret_is_told() {
    let (folder, path) = script("cat > input; env > environment");
    let alert = Alert {
        subject: "no way to store://app:hunter2@far",
        details: r#"{"failure":{"error":"password=hunter2 at https://far/?by=hunter2","attempts":3},
                     "tried":["Bearer hunter2"],"api_token":{"text":"hunter2"},"has_secret":true}"#,
        ..ALERT
    };
    channel(&[("ALERT_COMMAND", text(&path))]).send(&alert).await.expect("taken");
    let input = fs::read_to_string(folder.path().join("input")).unwrap();
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    assert!(!input.contains("hunter2") && !environment.contains("hunter2"), "{input}\n{environment}");
    assert!(environment.contains("ALERT_SUBJECT=no way to store://app:***@far\n"), "{environment}");
    let input: serde_json::Value = serde_json::from_str(&input).expect("JSON");
    let expected = serde_json::json!({
        "failure": { "error": "password=*** at https://far/?[redacted]", "attempts": 3 },
        "tried": ["Bearer ***"],
        "api_token": "[redacted]",
        "has_secret": true,
    });
    assert_eq!(input["details"], expected);
}

#[tokio::test]
async fn its_refusal_is_told() {
    let (_folder, path) = script("echo 'the pager is off' >&2; exit 3");
    let error = refusal(channel(&[("ALERT_COMMAND", text(&path))]).send(&ALERT).await);
    assert!(error.contains("exit status: 3") && error.contains("the pager is off"), "{error}");
    let (folder, path) = script("exit 0");
    let channel = channel(&[("ALERT_COMMAND", text(&path))]);
    drop(folder);
    let error = refusal(channel.send(&ALERT).await);
    assert!(error.contains("cannot be started"), "{error}");
}

/// One that neither reads, nor is silent, nor ends, with a child that would outlive it.
#[tokio::test]
async fn one_that_hangs_is_killed_with_all_it_started() {
    let (folder, path) = script("sleep 1000 & echo $! > child.part; mv child.part child\nyes >&2");
    let Channel::Program(program) = channel(&[("ALERT_COMMAND", text(&path))]) else { panic!("a program") };
    let outcome = program.within(Duration::from_millis(500)).send(&ALERT).await;
    let error = refusal(outcome);
    assert!(error.contains("killed after 0.5 s"), "{error}");
    let child = fs::read_to_string(folder.path().join("child")).unwrap();
    wait_for(|| !runs(&child)).await;
}

#[tokio::test]
async fn one_that_nobody_waits_for_is_killed_too() {
    let (folder, path) = script("echo $$ > own.part; mv own.part own\nsleep 1000");
    let tasks = Tasks::new();
    let channel = channel_of(&tasks, &[("ALERT_COMMAND", text(&path))]);
    let own = folder.path().join("own");
    tokio::select! {
        _ = channel.send(&ALERT) => panic!("it does not end"),
        () = wait_for(|| own.exists()) => {}
    }
    tasks.finished().await;
    let pid = fs::read_to_string(own).unwrap();
    wait_for(|| !runs(&pid)).await;
}

/// A child that went into a session of its own keeps the pipes open, and holds nobody up.
#[tokio::test]
async fn what_it_leaves_behind_holds_nobody_up() {
    let (folder, path) = script(
        "setsid sh -c 'echo $$ > child.part; mv child.part child; exec sleep 1000' &\nwhile [ ! -e child ]; do sleep 0.01; done",
    );
    let channel = channel(&[("ALERT_COMMAND", text(&path))]);
    tokio::time::timeout(Duration::from_secs(10), channel.send(&ALERT))
        .await
        .expect("in time")
        .expect("taken");
    let child = fs::read_to_string(folder.path().join("child")).unwrap();
    let pid = rustix::process::Pid::from_raw(child.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
