use std::time::Duration;

use super::answer::RestartsBody;
use super::recommendation::{Action, Signs, recommend};
use crate::life::watchdog::{Gait, RuntimeVitals};
use crate::life::worker::{Restart, WorkerState, WorkerStatus};

/// The table of [`super::recommendation`], row by row.
#[test]
fn the_strongest_sign_decides_and_all_are_named() {
    let well = RuntimeVitals::default();
    let of = |runtime, given_up: &[&'static str], cooling: &[&'static str]| {
        let (action, reasons) = recommend(Signs { runtime, overloaded: false, given_up, cooling });
        (action, reasons.len())
    };
    assert_eq!(of(well, &[], &[]), (Action::Observe, 0));
    assert_eq!(of(RuntimeVitals { gait: Gait::Stalled, ..well }, &[], &[]), (Action::Restart, 1));
    assert_eq!(of(RuntimeVitals { is_accepting: false, ..well }, &[], &[]), (Action::Restart, 1));
    assert_eq!(of(RuntimeVitals { stalls: 3, ..well }, &[], &[]), (Action::Restart, 1));
    assert_eq!(of(well, &["columns"], &[]), (Action::Restart, 1));
    assert_eq!(of(RuntimeVitals { gait: Gait::Slow, ..well }, &[], &[]), (Action::Throttle, 1));
    assert_eq!(
        of(RuntimeVitals { gait: Gait::Recovering, stalls: 1, ..well }, &[], &[]),
        (Action::Throttle, 2)
    );
    assert_eq!(of(RuntimeVitals { stalls: 2, ..well }, &[], &[]), (Action::Throttle, 1));
    let busy = Signs { runtime: well, overloaded: true, given_up: &[], cooling: &[] };
    assert_eq!(recommend(busy), (Action::Throttle, vec!["work comes faster than it is done".to_owned()]));
    assert_eq!(of(well, &[], &["columns"]), (Action::Observe, 1));
    assert_eq!(of(RuntimeVitals { gait: Gait::Slow, ..well }, &["a"], &["b"]), (Action::Restart, 3));
}

#[test]
fn the_state_of_the_policy_is_that_of_the_worst_worker() {
    let worker = |state, starts_in| WorkerStatus {
        name: "columns",
        state,
        restarts: 5,
        churn: 2,
        policy: Restart::budgeted(),
        starts_in,
        last_error: None,
    };
    let minute = Some(Duration::from_mins(1));
    let state = |workers: &[WorkerStatus]| serde_json::to_value(RestartsBody::of(workers)).unwrap();
    let running = || worker(WorkerState::Running, None);
    let waiting = || worker(WorkerState::Waiting, minute);
    let cooling = || worker(WorkerState::Faulted, minute);
    let given_up = || worker(WorkerState::Faulted, None);
    let steady = serde_json::json!({ "policy_state": "steady", "churn": 2, "faulted": [] });
    assert_eq!(state(&[running()]), steady);
    assert_eq!(state(&[running(), waiting()])["policy_state"], "restarting");
    let cooled = state(&[waiting(), cooling()]);
    assert_eq!((&cooled["policy_state"], &cooled["cooldown_seconds"]), (&"cooling_down".into(), &60.into()));
    assert_eq!(state(&[cooling(), given_up()])["policy_state"], "blocked");
}
