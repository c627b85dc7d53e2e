use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use tokio::sync::mpsc;

use super::restart::Churn;
use super::{Restart, WorkerState, Workers};
use crate::life::drain::{Conductor, Plan, Stopping};

fn workers() -> (Workers, Conductor, Tasks) {
    let clock = Clock::system();
    let (tasks, plan) = (Tasks::new(), Plan::new(Duration::from_secs(30), Duration::ZERO));
    let conductor = Conductor::new(plan, &clock);
    (Workers::new(&clock, &tasks, &conductor), conductor, tasks)
}

#[test]
fn waits_double_until_the_budget_is_spent_and_the_window_has_passed() {
    let (clock, hands) = Clock::manual();
    let mut churn = Churn::new(Restart { longest_delay: Duration::from_secs(6), ..Restart::budgeted() });
    let seconds = |churn: &mut Churn| churn.next(clock.now()).map(|delay| delay.as_secs());
    let waits: Vec<_> = std::iter::from_fn(|| seconds(&mut churn)).collect();
    assert_eq!(waits, [1, 2, 4, 6, 6]);
    hands.advance(Duration::from_secs(599));
    assert_eq!(seconds(&mut churn), None);
    hands.advance(Duration::from_secs(1));
    assert_eq!(seconds(&mut churn), Some(1));
    assert_eq!(Churn::new(Restart::never()).next(clock.now()), None);
}

#[tokio::test(start_paused = true)]
async fn a_failing_worker_is_started_again_and_then_faulted() {
    let (workers, _, tasks) = workers();
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let fails = move |_| {
        let start = count.fetch_add(1, Ordering::Relaxed);
        async move { if start.is_multiple_of(2) { Err("no".into()) } else { panic!("never") } }
    };
    workers.start("fails", Restart::budgeted(), fails).unwrap();
    tasks.finished().await;
    assert_eq!(starts.load(Ordering::Relaxed), 6);
    let status = workers.list()[0];
    assert_eq!((status.name, status.state, status.restarts), ("fails", WorkerState::Faulted, 5));
    assert_eq!(workers.finding().message(), "faulted: fails");
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_well_is_finished() {
    let (workers, conductor, tasks) = workers();
    workers.start("once", Restart::budgeted(), async |_| Ok(())).unwrap();
    tasks.finished().await;
    assert_eq!(workers.list()[0].state, WorkerState::Finished);
    assert!(conductor.drain().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_last_started_stops_first_and_the_deaf_are_dropped() {
    let (workers, conductor, _) = workers();
    let (stopped, mut order) = mpsc::unbounded_channel();
    for name in ["first", "second"] {
        let stopped = stopped.clone();
        let polite = move |shutdown: mainstay_core::Shutdown| {
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
