use std::sync::mpsc;
use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::observer::{Observer, SLOW, STALLED};
use super::thread::{Parts, Watchdog, Watched};
use super::vitals::{Gait, Vitals};
use crate::health::Readiness;
use crate::life::{Conductor, Manager, Plan};

/// One look after so many milliseconds.
fn look(
    observer: &mut Observer,
    hands: &mainstay_core::ManualClock,
    clock: &Clock,
    after: u64,
    done: bool,
) -> Gait {
    hands.advance(Duration::from_millis(after));
    observer.look(clock.now(), done).gait
}

#[test]
fn a_halt_is_slow_then_stalled_and_is_believed_to_be_over_after_a_second() {
    let (clock, hands) = Clock::manual();
    let mut observer = Observer::new(clock.now());
    let mut gaits = Vec::new();
    for _ in 0..11 {
        gaits.push(look(&mut observer, &hands, &clock, 100, false));
    }
    assert_eq!(gaits[..2], [Gait::Moving; 2]);
    assert_eq!(gaits[2..9], [Gait::Slow; 7]);
    assert_eq!(gaits[9..], [Gait::Stalled; 2]);
    hands.advance(Duration::from_millis(100));
    let ended = observer.look(clock.now(), true);
    assert_eq!((ended.gait, ended.ended), (Gait::Recovering, Some(Duration::from_millis(1_100))));
    let gaits: Vec<_> = (0..9).map(|_| look(&mut observer, &hands, &clock, 100, true)).collect();
    assert_eq!(gaits[..8], [Gait::Recovering; 8]);
    assert_eq!(gaits[8], Gait::Moving);
}

#[test]
fn a_process_that_was_stopped_did_not_stall() {
    let (clock, hands) = Clock::manual();
    let mut observer = Observer::new(clock.now());
    assert_eq!(look(&mut observer, &hands, &clock, 100, true), Gait::Moving);
    // SIGSTOP for a minute, or a suspended machine; the trifle is not done yet when the watchdog wakes first.
    assert_eq!(look(&mut observer, &hands, &clock, 60_000, false), Gait::Moving);
    assert_eq!(look(&mut observer, &hands, &clock, 100, true), Gait::Moving);
    // In the middle of a stall, what was seen before counts on.
    for _ in 0..9 {
        look(&mut observer, &hands, &clock, 100, false);
    }
    assert_eq!(look(&mut observer, &hands, &clock, 60_000, false), Gait::Slow);
    assert_eq!(look(&mut observer, &hands, &clock, 100, false), Gait::Stalled);
}

proptest! {
    #[test]
    fn no_more_is_counted_than_was_seen(looks in prop::collection::vec((0_u64..400, any::<bool>()), 0..60)) {
        let (clock, hands) = Clock::manual();
        let mut observer = Observer::new(clock.now());
        let mut seen = Duration::ZERO;
        for (after, done) in looks {
            hands.advance(Duration::from_millis(after));
            let look = observer.look(clock.now(), done);
            let counted = if after <= 200 { Duration::from_millis(after) } else { Duration::ZERO };
            seen = if done { Duration::ZERO } else { seen + counted };
            prop_assert_eq!(look.still, seen);
            prop_assert_eq!(look.gait == Gait::Stalled, seen >= STALLED);
            prop_assert!(look.gait != Gait::Moving || seen < SLOW);
        }
    }
}

#[test]
fn a_stall_of_every_thread_is_noticed_in_time_and_its_end_as_well() {
    let clock = Clock::system();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (readiness, vitals) = (Readiness::default(), Vitals::default());
    let watchdog = Watchdog::start(Parts {
        clock: clock.clone(),
        runtime: runtime.handle().clone(),
        readiness: readiness.clone(),
        vitals: vitals.clone(),
        watched: Watched::default(),
        manager: Manager::none(),
        conductor: Conductor::new(Plan::new(Duration::from_secs(30), Duration::ZERO), &clock),
        abort_after: None,
    });
    let watchdog = watchdog.unwrap();
    // Both threads are blocked until they are told to go on, so nothing but the watchdog moves.
    let tasks = Tasks::new();
    let (blocked, ready) = mpsc::channel();
    let releases: Vec<_> = (0..2)
        .map(|_| {
            let (release, wait) = mpsc::channel::<()>();
            let (blocked, _entered) = (blocked.clone(), runtime.enter());
            tasks.spawn("blocks", async move {
                blocked.send(()).unwrap();
                let _ = wait.recv();
            });
            release
        })
        .collect();
    for _ in 0..2 {
        ready.recv().unwrap();
    }
    let begun = clock.now();
    // On this thread nobody is blocked: it may look as often as it likes.
    while readiness.reason() != Some("stalled") {
        assert!(clock.now() - begun < Duration::from_mins(1), "never noticed");
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let noticed = clock.now() - begun;
    assert_eq!((vitals.runtime().gait, vitals.runtime().stalls), (Gait::Stalled, 1));
    drop(releases);
    let stood = clock.now() - begun;
    while readiness.reason().is_some() {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!(vitals.runtime().gait, Gait::Moving);
    let seen = vitals.runtime().longest;
    assert!(seen >= STALLED);
    // What the watchdog could not see, because a busy machine did not let it run, cannot have been noticed.
    let unseen = stood.saturating_sub(seen);
    assert!(
        noticed <= Duration::from_millis(1_500) + unseen,
        "{noticed:?}, of which {unseen:?} were not seen"
    );
    runtime.block_on(watchdog.stop());
}
