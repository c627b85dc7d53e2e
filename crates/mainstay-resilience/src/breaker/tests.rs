//! The states one by one, against a plain reference, and under many threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use mainstay_core::ManualClock;
use proptest::prelude::*;

use super::core::TRIALS;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A breaker, its clock's hands, and the changes it told.
struct Bench {
    breaker: Breaker,
    hands: ManualClock,
    changes: Arc<Mutex<Vec<Transition>>>,
}

impl Bench {
    fn new() -> Self {
        let (clock, hands) = Clock::manual();
        let changes: Arc<Mutex<Vec<Transition>>> = Arc::default();
        let told = Arc::clone(&changes);
        let observer = move |change| told.lock().unwrap().push(change);
        let breaker = Breaker::new(BreakerSettings::default(), &clock, observer);
        Self { breaker, hands, changes }
    }

    fn state(&self) -> BreakerState {
        self.breaker.snapshot().state
    }

    fn calls(&self, number: u32, outcome: Outcome) {
        for _ in 0..number {
            self.breaker.admit().unwrap().settle(outcome);
        }
    }

    /// Opens it, and gives for how long.
    fn open(&self) -> Duration {
        self.calls(20, Outcome::Failure);
        self.breaker.admit().unwrap_err().retry_after
    }

    fn told(&self) -> Vec<BreakerState> {
        self.changes.lock().unwrap().iter().map(|change| change.to).collect()
    }
}

fn is_about(time: Duration, aim: Duration) -> bool {
    time >= aim * 4 / 5 && time <= aim * 6 / 5
}

#[test]
fn few_calls_are_not_judged_and_half_of_many_are() {
    let bench = Bench::new();
    bench.calls(19, Outcome::Failure);
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.hands.advance(10 * SECOND);
    bench.calls(11, Outcome::Success);
    bench.calls(10, Outcome::Failure);
    assert_eq!(bench.state(), BreakerState::Closed, "10 of 21");
    bench.calls(1, Outcome::Failure);
    assert_eq!(bench.state(), BreakerState::Open, "11 of 22");
    assert!(is_about(bench.breaker.admit().unwrap_err().retry_after, 5 * SECOND));
    assert_eq!(bench.told(), [BreakerState::Open]);
}

#[test]
fn old_calls_are_forgotten() {
    let bench = Bench::new();
    bench.calls(19, Outcome::Failure);
    bench.hands.advance(9 * SECOND);
    assert_eq!(bench.breaker.snapshot().failures, 19);
    bench.hands.advance(SECOND);
    assert_eq!(bench.breaker.snapshot().calls, 0);
    bench.hands.advance(Duration::from_hours(1));
    assert_eq!(bench.breaker.snapshot().calls, 0);
}

#[test]
fn slow_calls_open_it_as_well() {
    let bench = Bench::new();
    let slow = || {
        let permit = bench.breaker.admit().unwrap();
        permit.settle_after(Outcome::Success, 5 * SECOND);
    };
    bench.calls(4, Outcome::Success);
    (0..15).for_each(|_| slow());
    assert_eq!((bench.state(), bench.breaker.snapshot().slow), (BreakerState::Closed, 15));
    slow();
    assert_eq!(bench.state(), BreakerState::Open, "16 of 20");
}

#[test]
fn trials_come_in_groups_and_close_it() {
    let bench = Bench::new();
    let wait = bench.open();
    let moment = Duration::from_micros(1);
    bench.hands.advance(wait.saturating_sub(moment));
    assert!(bench.breaker.admit().is_err());
    bench.hands.advance(moment);
    for trials in TRIALS {
        let held: Vec<Permit> = (0..trials).map(|_| bench.breaker.admit().unwrap()).collect();
        assert_eq!(bench.breaker.admit().unwrap_err().retry_after, SECOND, "no more than {trials}");
        assert_eq!(bench.state(), BreakerState::HalfOpen);
        for permit in held {
            permit.settle(Outcome::Success);
        }
    }
    assert_eq!(bench.told(), [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed]);
    assert_eq!(bench.breaker.snapshot().calls, 0, "a clean slate");
}

#[test]
fn a_trial_that_is_given_up_goes_to_the_next() {
    let bench = Bench::new();
    bench.hands.advance(bench.open());
    drop(bench.breaker.admit().unwrap());
    bench.breaker.admit().unwrap().settle(Outcome::Success);
    assert_eq!(bench.state(), BreakerState::HalfOpen);
}

#[test]
fn a_trial_that_fails_or_is_slow_doubles_the_wait() {
    let bench = Bench::new();
    let mut wait = bench.open();
    for (round, aim) in [10, 20, 40, 60, 60].into_iter().enumerate() {
        bench.hands.advance(wait);
        let trial = bench.breaker.admit().unwrap();
        if round % 2 == 0 {
            trial.settle(Outcome::Failure);
        } else {
            trial.settle_after(Outcome::Success, 5 * SECOND);
        }
        wait = bench.breaker.admit().unwrap_err().retry_after;
        assert!(is_about(wait, aim * SECOND), "{wait:?} instead of {aim} s");
    }
}

#[test]
fn the_wait_is_short_again_after_a_while_of_health() {
    for (healthy, aim) in [(59, 10), (60, 5)] {
        let bench = Bench::new();
        bench.hands.advance(bench.open());
        bench.calls(TRIALS.iter().sum(), Outcome::Success);
        assert_eq!(bench.state(), BreakerState::Closed);
        bench.hands.advance(healthy * SECOND);
        assert!(is_about(bench.open(), aim * SECOND), "healthy for {healthy} s");
    }
}

#[test]
fn outcomes_of_another_time_count_for_nothing() {
    let bench = Bench::new();
    let early: Vec<Permit> = (0..3).map(|_| bench.breaker.admit().unwrap()).collect();
    bench.hands.advance(bench.open());
    let trial = bench.breaker.admit().unwrap();
    for (permit, outcome) in early.into_iter().zip([Outcome::Failure, Outcome::Success, Outcome::Failure]) {
        permit.settle(outcome);
        assert_eq!(bench.state(), BreakerState::HalfOpen);
    }
    assert!(bench.breaker.admit().is_err(), "they gave no trial back");
    trial.settle(Outcome::Success);
    assert!(bench.breaker.admit().is_ok());
}

#[test]
fn who_knows_better_opens_it_and_ends_its_wait() {
    let bench = Bench::new();
    bench.breaker.hasten();
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.breaker.trip();
    let wait = bench.breaker.admit().unwrap_err().retry_after;
    bench.hands.advance(SECOND);
    bench.breaker.trip();
    assert_eq!(
        bench.breaker.admit().unwrap_err().retry_after,
        wait.saturating_sub(SECOND),
        "it is open already"
    );
    bench.breaker.hasten();
    let trial = bench.breaker.admit().unwrap();
    bench.breaker.trip();
    trial.settle(Outcome::Success);
    assert_eq!(bench.state(), BreakerState::Open, "the trial was of another time");
    assert_eq!(bench.told(), [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Open]);
}

#[test]
fn an_operator_can_hold_it() {
    let bench = Bench::new();
    bench.breaker.force(Some(Forced::Closed));
    bench.calls(100, Outcome::Failure);
    assert_eq!(
        (bench.state(), bench.breaker.snapshot().forced),
        (BreakerState::Closed, Some(Forced::Closed))
    );
    bench.breaker.force(Some(Forced::Open));
    bench.hands.advance(Duration::from_hours(1));
    assert!(bench.breaker.admit().is_err());
    bench.breaker.force(None);
    bench.calls(1, Outcome::Success);
    assert_eq!(bench.told(), [BreakerState::Open, BreakerState::Closed]);
}

#[test]
fn at_the_moment_of_the_trial_no_more_than_one_of_thousands_passes() {
    const THREADS: usize = 8;
    let bench = Bench::new();
    for _ in 0..50 {
        bench
            .hands
            .advance(bench.breaker.admit().map_or_else(|refused| refused.retry_after, |_| bench.open()));
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Barrier::new(THREADS);
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (bench, under_way, most, start) = (&bench, &under_way, &most, &start);
                scope.spawn(move || {
                    start.wait();
                    for call in 0..200 {
                        let Ok(permit) = bench.breaker.admit() else { continue };
                        most.fetch_max(1 + under_way.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                        thread::yield_now();
                        under_way.fetch_sub(1, Ordering::SeqCst);
                        // All given up: the group of one trial never ends.
                        drop(permit);
                        std::hint::black_box((number, call));
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
        bench.breaker.admit().unwrap().settle(Outcome::Failure);
    }
}

#[test]
fn a_panic_of_the_observer_does_not_take_others_down() {
    let (clock, hands) = Clock::manual();
    let breaker = Breaker::new(BreakerSettings::default(), &clock, |_| panic!("an observer fell over"));
    let fail = || (0..20).for_each(|_| breaker.admit().unwrap().settle(Outcome::Failure));
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(fail));
    assert!(opened.is_err());
    assert_eq!(breaker.snapshot().state, BreakerState::Open);
    hands.advance(Duration::from_millis(1));
    assert!(breaker.admit().is_err());
}

/// What happens to a breaker.
#[derive(Clone, Debug)]
enum Step {
    Admit,
    /// The oldest call, or one later.
    Settle(usize, Outcome),
    /// So many calls after each other, all with this outcome.
    Burst(u32, Outcome),
    Slow(usize),
    Drop(usize),
    /// Milliseconds.
    Advance(u64),
    /// Until it may be tried again.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = || prop_oneof![Just(Outcome::Success), Just(Outcome::Failure)];
    prop_oneof![
        6 => Just(Step::Admit),
        6 => (0..20_usize, outcome()).prop_map(|(call, outcome)| Step::Settle(call, outcome)),
        3 => (1..25_u32, outcome()).prop_map(|(number, outcome)| Step::Burst(number, outcome)),
        2 => (0..20_usize).prop_map(Step::Slow),
        2 => (0..20_usize).prop_map(Step::Drop),
        2 => (0..3_000_u64).prop_map(Step::Advance),
        2 => Just(Step::Wait),
    ]
}

/// The rules in the words of the documentation: every call is kept, and everything is counted anew each time.
struct Model {
    /// Milliseconds.
    now: u64,
    state: BreakerState,
    /// When it entered its state.
    since: u64,
    /// Which state it is, counted.
    number: u64,
    /// When each call of this state ended, and how; in half open the successes only.
    ended: Vec<(u64, char)>,
    under_way: usize,
    until: u64,
}

impl Model {
    fn enter(&mut self, state: BreakerState) {
        (self.state, self.since) = (state, self.now);
        self.number += 1;
        self.ended.clear();
        self.under_way = 0;
    }

    fn admits(&mut self) -> bool {
        if self.state == BreakerState::Open && self.now >= self.until {
            self.enter(BreakerState::HalfOpen);
        }
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                let ended = self.ended.len();
                // 1, then 3 more, then 10 more.
                let most = if ended < 1 {
                    1
                } else if ended < 4 {
                    4
                } else {
                    14
                };
                let free = self.under_way + ended < most;
                self.under_way += usize::from(free);
                free
            }
        }
    }

    fn settles(&mut self, number: u64, how: char) {
        if number != self.number {
            return;
        }
        match self.state {
            BreakerState::Open => {}
            BreakerState::HalfOpen => {
                self.under_way -= 1;
                match how {
                    'd' => {}
                    's' => self.ended.push((self.now, how)),
                    _ => self.enter(BreakerState::Open),
                }
                if self.ended.len() == 14 {
                    self.enter(BreakerState::Closed);
                }
            }
            BreakerState::Closed => {
                if how != 'd' {
                    self.ended.push((self.now, how));
                }
                let step = |time: u64| (time - self.since) / 1_000;
                let recent: Vec<char> = self
                    .ended
                    .iter()
                    .filter(|(time, _)| step(*time) + 10 > step(self.now))
                    .map(|(_, how)| *how)
                    .collect();
                let share =
                    |wanted| 100 * recent.iter().filter(|how| **how == wanted).count() / recent.len().max(1);
                if how != 'd' && recent.len() >= 20 && (share('f') >= 50 || share('l') >= 80) {
                    self.enter(BreakerState::Open);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_the_documentation_says(steps in prop::collection::vec(step(), 1..300)) {
        let bench = Bench::new();
        let mut model = Model {
            now: 0, state: BreakerState::Closed, since: 0, number: 0, ended: Vec::new(), under_way: 0, until: 0,
        };
        let mut calls: Vec<(Permit, u64)> = Vec::new();
        for step in steps {
            let end = |call: usize, how: char, model: &mut Model, calls: &mut Vec<(Permit, u64)>| {
                if calls.is_empty() { return }
                let (permit, number) = calls.remove(call % calls.len());
                model.settles(number, how);
                match how {
                    's' => permit.settle_after(Outcome::Success, Duration::ZERO),
                    'l' => permit.settle_after(Outcome::Success, 6 * SECOND),
                    'f' => permit.settle(Outcome::Failure),
                    _ => drop(permit),
                }
                // How long it stays open is its own choice, within bounds that other tests look at.
                let wait = bench.breaker.snapshot().open_for.unwrap_or_default();
                model.until = model.now + u64::try_from(wait.as_micros()).unwrap().div_ceil(1_000);
            };
            let letter = |outcome| if outcome == Outcome::Success { 's' } else { 'f' };
            match step {
                Step::Admit => {
                    let expected = model.admits();
                    let admitted = bench.breaker.admit();
                    prop_assert_eq!(admitted.is_ok(), expected);
                    calls.extend(admitted.ok().map(|permit| (permit, model.number)));
                }
                Step::Settle(call, outcome) => end(call, letter(outcome), &mut model, &mut calls),
                Step::Slow(call) => end(call, 'l', &mut model, &mut calls),
                Step::Drop(call) => end(call, 'd', &mut model, &mut calls),
                Step::Burst(number, outcome) => {
                    for _ in 0..number {
                        let expected = model.admits();
                        let admitted = bench.breaker.admit();
                        prop_assert_eq!(admitted.is_ok(), expected);
                        if let Ok(permit) = admitted {
                            let mut own = vec![(permit, model.number)];
                            end(0, letter(outcome), &mut model, &mut own);
                        }
                    }
                }
                Step::Advance(millis) => {
                    model.now += millis;
                    bench.hands.advance(Duration::from_millis(millis));
                }
                Step::Wait => {
                    let wait = model.until.saturating_sub(model.now);
                    model.now += wait;
                    bench.hands.advance(Duration::from_millis(wait));
                }
            }
            prop_assert_eq!(bench.state(), model.state);
        }
    }
}
