//! `worker`, from another process.

use serde_json::Value;

use crate::program::Program;

#[test]
fn workers_are_listed_and_restarted_by_command() {
    let program = Program::start(&[]);
    let list = || -> Value {
        let ran = program.run(&["worker", "list", "--format", "json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.talk);
        serde_json::from_str(&ran.data).unwrap()
    };
    let restarts = |list: &Value| {
        let sessions = list.as_array().unwrap().iter().find(|worker| worker["name"] == "sessions");
        sessions.unwrap()["restarts"].as_u64().unwrap()
    };
    assert_eq!(restarts(&list()), 0);
    let ran = program.run(&["worker", "restart", "sessions"]);
    assert_eq!(ran.code, Some(0), "{}", ran.talk);
    assert_eq!(restarts(&list()), 1);
    program.wait_for("it to run again", |_| {
        let list = list();
        list.as_array().unwrap().iter().all(|worker| worker["state"] == "running")
    });

    let ran = program.run(&["worker", "restart", "nobody"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.talk.contains("there is no worker \"nobody\"; there are: "), "{}", ran.talk);
    let log = program.log();
    let audited: Vec<_> = log.lines().filter(|line| line.contains("worker_restart")).collect();
    assert_eq!(audited.len(), 2, "{audited:?}");
    assert!(
        audited[0].contains("\"outcome\":\"ok\"") && audited[0].contains("at the control socket"),
        "{audited:?}"
    );
    program.stop();
}

#[test]
fn without_a_service_there_is_nobody_to_ask() {
    let program = Program::start(&[("CONTROL_SOCKET", "elsewhere.sock")]);
    let ran = program.run(&["--set", "CONTROL_SOCKET=nowhere.sock", "worker", "list"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.talk.contains("error[MS0013]"), "{}", ran.talk);
    let ran = program.run(&["--set", "CONTROL_SOCKET=off", "reload"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.talk.contains("CONTROL_SOCKET is off"), "{}", ran.talk);
    assert_eq!(program.run(&["worker", "list"]).code, Some(0));
}
