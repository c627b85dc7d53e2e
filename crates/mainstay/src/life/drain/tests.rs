use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_core::Clock;
use proptest::prelude::*;

use super::plan::{fair_share, patience};
use super::{Conductor, Flaw, Phase, Plan, Stopping};

const TOTAL: Duration = Duration::from_secs(30);

fn conductor(grace: Duration) -> Conductor {
    Conductor::new(Plan::new(TOTAL, grace), &Clock::system())
}

#[tokio::test(start_paused = true)]
async fn phases_come_in_order_and_the_last_registered_first() {
    let conductor = conductor(Duration::ZERO);
    let names: Arc<Mutex<Vec<&str>>> = Arc::default();
    for (phase, name) in [
        (Phase::Stores, "pool"),
        (Phase::Workers, "first worker"),
        (Phase::Requests, "listener"),
        (Phase::Workers, "second worker"),
        (Phase::Flush, "journal"),
    ] {
        let names = Arc::clone(&names);
        let note = async move |_| {
            names.lock().unwrap().push(name);
            Ok(())
        };
        conductor.register(phase, name, note).unwrap();
    }
    let report = conductor.drain().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.took, Duration::ZERO);
    assert_eq!(*names.lock().unwrap(), ["listener", "second worker", "first worker", "journal", "pool"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_fails_or_panics_stops_no_other() {
    let conductor = conductor(Duration::ZERO);
    let names: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let after = Arc::clone(&names);
    let note = async move |_| {
        after.lock().unwrap().push("journal");
        Ok(())
    };
    conductor.register(Phase::Flush, "journal", note).unwrap();
    conductor.register(Phase::Flush, "fails", async |_| Err("disk full".into())).unwrap();
    conductor.register(Phase::Workers, "hangs", async |_| pending().await).unwrap();
    conductor.register(Phase::Workers, "panics", async |_| panic!("no")).unwrap();
    let again = conductor.clone();
    let reenter = async move |_| {
        again.drain().await;
        Ok(())
    };
    conductor.register(Phase::Workers, "re-enters", reenter).unwrap();
    let report = conductor.drain().await;
    assert_eq!(
        report.to_string(),
        "re-enters (workers) was late, panics (workers) panicked, hangs (workers) was late, fails (flush) \
         failed: disk full"
    );
    assert_eq!(*names.lock().unwrap(), ["journal"]);
    assert!(report.took <= Plan::new(TOTAL, Duration::ZERO).end(Phase::Workers), "{:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn everything_hanging_everywhere_ends_in_time() {
    let conductor = conductor(Duration::from_secs(5));
    for phase in Phase::ALL {
        for _ in 0..3 {
            conductor.register(phase, "hangs", async |_| pending().await).unwrap();
        }
    }
    let report = conductor.drain().await;
    assert_eq!(report.stragglers.len(), 15);
    assert!(report.stragglers.iter().all(|straggler| straggler.flaw == Flaw::Late));
    // Tokio's timers tick in milliseconds.
    assert!(report.took <= TOTAL + Duration::from_millis(20), "{:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn the_hard_step_comes_before_the_end() {
    let conductor = conductor(Duration::ZERO);
    let polite = async |shutdown: mainstay_core::Shutdown| {
        assert!(shutdown.has_begun() && !shutdown.is_forced());
        shutdown.forced().await;
        Ok(())
    };
    conductor.register(Phase::Workers, "polite", polite).unwrap();
    assert!(conductor.drain().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_grace_period_is_waited_out_first() {
    let conductor = conductor(Duration::from_secs(5));
    let closed = Arc::new(AtomicBool::new(false));
    let close = Arc::clone(&closed);
    let note = async move |_| {
        close.store(true, Ordering::Relaxed);
        Ok(())
    };
    conductor.register(Phase::Requests, "listener", note).unwrap();
    let drain = conductor.drain();
    tokio::pin!(drain);
    assert!(tokio::time::timeout(Duration::from_secs(4), &mut drain).await.is_err());
    assert!(conductor.has_begun());
    assert!(!closed.load(Ordering::Relaxed));
    assert_eq!(drain.await.took, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn all_callers_get_the_one_report_and_nothing_can_be_added() {
    let conductor = conductor(Duration::ZERO);
    conductor.register(Phase::Flush, "fails", async |_| Err("once".into())).unwrap();
    let (first, second) = tokio::join!(conductor.drain(), conductor.drain());
    assert_eq!(first, second);
    assert_eq!(conductor.drain().await, first);
    assert_eq!(first.stragglers.len(), 1);
    assert_eq!(conductor.register(Phase::Flush, "late", async |_| Ok(())), Err(Stopping));
}

proptest! {
    #[test]
    fn a_plan_keeps_to_its_total(total in 0_u64..100_000, grace in 0_u64..100_000) {
        let (total, grace) = (Duration::from_millis(total), Duration::from_millis(grace));
        let plan = Plan::new(total, grace);
        prop_assert!(plan.grace() <= grace && plan.grace() * 2 <= total);
        let ends = Phase::ALL.map(|phase| plan.end(phase));
        prop_assert!(plan.grace() <= ends[0]);
        prop_assert!(ends.is_sorted());
        prop_assert_eq!(ends[4], total);
    }

    #[test]
    fn items_of_a_phase_share_what_is_left(left in 0_u64..100_000, items in 0_usize..50) {
        let left = Duration::from_millis(left);
        let share = fair_share(left, items);
        prop_assert!(share * u32::try_from(items).unwrap() <= left);
        prop_assert!(patience(share) <= share);
    }
}
