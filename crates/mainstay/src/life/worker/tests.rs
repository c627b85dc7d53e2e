use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::restart::{Churn, Verdict};
use super::{Acknowledgement, Restart, RestartRefused, WorkerError, WorkerState, WorkerStatus, Workers};
use crate::life::drain::{Conductor, Plan, Stopping};

fn workers() -> (Workers, Conductor) {
    let clock = Clock::system();
    let (tasks, plan) = (Tasks::new(), Plan::new(Duration::from_secs(30), Duration::ZERO));
    let conductor = Conductor::new(plan, &clock);
    (Workers::new(&clock, &tasks, &conductor), conductor)
}

/// Waits until the first worker is in this state.
async fn until(workers: &Workers, state: WorkerState) -> WorkerStatus {
    workers.until(|list| list[0].state == state).await;
    workers.list().remove(0)
}

/// A factory whose runs are counted; each fails while `works` does not hold, and else goes on until it is told to end.
fn counted(
    starts: &Arc<AtomicU32>,
    works: &Arc<AtomicBool>,
) -> impl FnMut(Shutdown) -> futures_util::future::BoxFuture<'static, Result<(), WorkerError>> + use<> {
    let (starts, works) = (Arc::clone(starts), Arc::clone(works));
    move |shutdown| {
        starts.fetch_add(1, Ordering::Relaxed);
        let works = works.load(Ordering::Relaxed);
        Box::pin(async move {
            if works {
                shutdown.begun().await;
                Ok(())
            } else {
                Err("no rows".into())
            }
        })
    }
}

fn sure(reason: &str) -> Acknowledgement {
    Acknowledgement { acknowledge: true, reason: reason.to_owned() }
}

#[test]
fn waits_double_until_the_budget_is_spent_and_the_window_has_passed() {
    let (clock, hands) = Clock::manual();
    let mut churn = Churn::new(Restart { longest_delay: Duration::from_secs(6), ..Restart::budgeted() });
    let cooldown = Verdict::Faulted(Some(Duration::from_mins(15)));
    let again = |seconds| Verdict::Again(Duration::from_secs(seconds));
    let waits: Vec<_> = (0..6).map(|_| churn.failed(clock.now())).collect();
    assert_eq!(waits, [again(1), again(2), again(4), again(6), again(6), cooldown]);
    hands.advance(Duration::from_secs(599));
    assert_eq!(churn.failed(clock.now()), cooldown);
    hands.advance(Duration::from_secs(1));
    assert_eq!(churn.failed(clock.now()), again(1));
    assert_eq!(Churn::new(Restart::never()).failed(clock.now()), Verdict::Faulted(None));
}

#[test]
fn a_trial_that_fails_is_the_last_and_one_that_lasts_is_forgotten() {
    let (clock, hands) = Clock::manual();
    let mut churn = Churn::new(Restart::budgeted());
    churn.tried(clock.now());
    hands.advance(Duration::from_secs(599));
    assert_eq!(churn.failed(clock.now()), Verdict::Faulted(Some(Duration::from_mins(15))));
    hands.advance(Duration::from_secs(1));
    assert_eq!(churn.failed(clock.now()), Verdict::Again(Duration::from_secs(1)));
    churn.tried(clock.now());
    churn.forgive();
    assert_eq!(
        (churn.count(clock.now()), churn.failed(clock.now())),
        (0, Verdict::Again(Duration::from_secs(1)))
    );
}

/// The table of [`super::order`], row by row.
#[test]
fn a_restart_is_granted_to_whoever_knows_what_they_ask_for() {
    let worker = |state, churn| WorkerStatus {
        name: "columns",
        state,
        restarts: 7,
        churn,
        policy: Restart::budgeted(),
        starts_in: None,
        last_error: None,
    };
    let judge = |state, churn, said: &Acknowledgement| super::order::judge(&worker(state, churn), said);
    let (unsure, long) = (Acknowledgement::default(), sure(&"x".repeat(501)));
    let blocked =
        |state, churn| Err(RestartRefused::ChurnBlocked { name: "columns", state, churn, budget: 5 });
    assert_eq!(judge(WorkerState::Stopped, 0, &sure("why not")), Err(RestartRefused::Stopping));
    for state in [WorkerState::Running, WorkerState::Waiting, WorkerState::Finished] {
        assert_eq!(judge(state, 4, &unsure), Ok(false));
        assert_eq!(judge(state, 4, &sure("")), Ok(false));
        assert_eq!(judge(state, 4, &long), Err(RestartRefused::Reason));
        assert_eq!(judge(state, 5, &unsure), blocked(state, 5));
        assert_eq!(judge(state, 5, &sure(" ")), Err(RestartRefused::Reason));
        assert_eq!(judge(state, 5, &sure("the disk has room again")), Ok(true));
    }
    assert_eq!(judge(WorkerState::Faulted, 0, &unsure), blocked(WorkerState::Faulted, 0));
    assert_eq!(judge(WorkerState::Faulted, 0, &sure("")), Err(RestartRefused::Reason));
    assert_eq!(judge(WorkerState::Faulted, 0, &long), Err(RestartRefused::Reason));
    assert_eq!(judge(WorkerState::Faulted, 0, &sure("the disk has room again")), Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_failing_worker_is_started_again_and_then_faulted() {
    let (workers, _) = workers();
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let fails = move |_| {
        let start = count.fetch_add(1, Ordering::Relaxed);
        async move { if start.is_multiple_of(2) { panic!("never") } else { Err("no".into()) } }
    };
    workers.start("fails", Restart::budgeted(), fails).unwrap();
    let status = until(&workers, WorkerState::Faulted).await;
    assert_eq!(starts.load(Ordering::Relaxed), 6);
    assert_eq!((status.name, status.restarts, status.churn), ("fails", 5, 5));
    assert_eq!(status.last_error.unwrap().error, "no");
    assert_eq!(status.starts_in, Some(Duration::from_mins(15)));
    assert_eq!(workers.finding().message(), "faulted: fails");
}

#[tokio::test(start_paused = true)]
async fn a_faulted_worker_is_tried_once_after_its_cooldown() {
    let clock = Clock::system();
    let (workers, _) = workers();
    let (starts, works) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    workers.start("columns", Restart::budgeted(), counted(&starts, &works)).unwrap();
    until(&workers, WorkerState::Faulted).await;
    let faulted_at = clock.now();
    workers.until(|_| starts.load(Ordering::Relaxed) == 7).await;
    assert!(clock.now() - faulted_at >= Duration::from_mins(15));
    // Nobody has cured it: one more start, and no five.
    until(&workers, WorkerState::Faulted).await;
    assert_eq!(starts.load(Ordering::Relaxed), 7);
    works.store(true, Ordering::Relaxed);
    assert_eq!(until(&workers, WorkerState::Running).await.restarts, 7);
    assert_eq!(workers.finding().condition(), crate::health::Condition::Healthy);
}

#[tokio::test(start_paused = true)]
async fn an_operator_starts_a_faulted_worker_at_once_if_they_say_why() {
    let clock = Clock::system();
    let (workers, _) = workers();
    let (starts, works) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    workers.start("columns", Restart::budgeted(), counted(&starts, &works)).unwrap();
    until(&workers, WorkerState::Faulted).await;
    let unsure = workers.restart("columns", &Acknowledgement::default(), "alice").unwrap_err();
    assert!(matches!(unsure, RestartRefused::ChurnBlocked { churn: 5, budget: 5, .. }), "{unsure}");
    let unknown = workers.restart("rows", &sure("why not"), "alice").unwrap_err();
    assert_eq!(unknown.to_string(), r#"there is no worker "rows"; there are: columns"#);

    works.store(true, Ordering::Relaxed);
    let asked = clock.now();
    workers.restart("columns", &sure("the disk has room again"), "alice").unwrap();
    let status = until(&workers, WorkerState::Running).await;
    assert_eq!((status.churn, status.restarts), (1, 6));
    assert_eq!(clock.now(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_running_worker_ends_before_it_starts_again_and_not_for_ever() {
    let (workers, conductor) = workers();
    let (starts, works) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(true)));
    workers.start("columns", Restart::budgeted(), counted(&starts, &works)).unwrap();
    for restart in 1..=5 {
        workers.until(|_| starts.load(Ordering::Relaxed) == restart).await;
        workers.restart("columns", &Acknowledgement::default(), "alice").unwrap();
    }
    workers.until(|_| starts.load(Ordering::Relaxed) == 6).await;
    // Whoever restarts it for ever must say why.
    let refused = workers.restart("columns", &Acknowledgement::default(), "alice").unwrap_err();
    assert!(matches!(refused, RestartRefused::ChurnBlocked { .. }), "{refused}");
    assert!(conductor.drain().await.is_clean());
    let stopped = workers.restart("columns", &sure("why not"), "alice").unwrap_err();
    assert_eq!(stopped, RestartRefused::Stopping);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_end_when_told_is_dropped_and_a_second_order_waits_for_nobody() {
    let (workers, _) = workers();
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let deaf = move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::pending()
    };
    workers.start("deaf", Restart::budgeted(), deaf).unwrap();
    workers.restart("deaf", &Acknowledgement::default(), "alice").unwrap();
    let refused = workers.restart("deaf", &Acknowledgement::default(), "bob").unwrap_err();
    assert_eq!(refused, RestartRefused::UnderWay { name: "deaf" });
    workers.until(|_| starts.load(Ordering::Relaxed) == 2).await;
}

#[tokio::test(start_paused = true)]
async fn workers_come_back_one_at_a_time() {
    let (workers, _) = workers();
    let (started, mut order) = mpsc::unbounded_channel::<Instant>();
    let clock = Clock::system();
    for name in ["a", "b", "c"] {
        let (started, clock, mut runs) = (started.clone(), clock.clone(), 0);
        let fails_once = move |_| {
            runs += 1;
            if runs == 2 {
                started.send(clock.now()).unwrap();
            }
            let fails = runs == 1;
            async move { if fails { Err("the database is gone".into()) } else { std::future::pending().await } }
        };
        workers.start(name, Restart::budgeted(), fails_once).unwrap();
    }
    let mut starts = Vec::new();
    for _ in 0..3 {
        starts.push(order.recv().await.unwrap());
    }
    // All waited a second, and then each for the one before it to settle.
    for pair in starts.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(1), "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_well_is_finished_and_can_be_started_again() {
    let (workers, conductor) = workers();
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let once = move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    };
    workers.start("once", Restart::budgeted(), once).unwrap();
    until(&workers, WorkerState::Finished).await;
    workers.restart("once", &Acknowledgement::default(), "alice").unwrap();
    workers.until(|list| starts.load(Ordering::Relaxed) == 2 && list[0].state == WorkerState::Finished).await;
    assert!(conductor.drain().await.is_clean());
    assert_eq!(workers.list()[0].state, WorkerState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn the_last_started_stops_first_and_the_deaf_are_dropped() {
    let (workers, conductor) = workers();
    let (stopped, mut order) = mpsc::unbounded_channel();
    for name in ["first", "second"] {
        let stopped = stopped.clone();
        let polite = move |shutdown: Shutdown| {
            let stopped = stopped.clone();
            async move {
                shutdown.begun().await;
                stopped.send(name)?;
                Ok(())
            }
        };
        workers.start(name, Restart::budgeted(), polite).unwrap();
    }
    workers.start("deaf", Restart::budgeted(), |_| std::future::pending()).unwrap();
    let report = conductor.drain().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!((order.recv().await, order.recv().await), (Some("second"), Some("first")));
    assert!(workers.list().iter().all(|worker| worker.state == WorkerState::Stopped));
    assert_eq!(workers.start("late", Restart::never(), async |_| Ok(())), Err(Stopping));
}
