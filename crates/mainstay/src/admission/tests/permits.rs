//! Permits of one lane, shaken at random.

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Clock;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::admission::AdmissionSettings;
use crate::admission::lane::{Arrival, Lane};
use crate::admission::outcome::Outcome;
use crate::admission::queue::Key;
use crate::admission::ticket::{Settled, Ticket};
use crate::admission::usual::UsualTime;
use crate::routes::{Cost, Priority};

#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive(Priority),
    Finish(usize, bool),
    Leave(usize),
    Lend(usize),
    Return(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        5 => priority.prop_map(Step::Arrive),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(at, late)| Step::Finish(at, late)),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => any::<usize>().prop_map(Step::Lend),
        1 => any::<usize>().prop_map(Step::Return),
        1 => (1..200_u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..400)
}

struct Waiting {
    priority: Priority,
    ticket: Arc<Ticket>,
    key: Key,
    returning: bool,
}

/// A lane and everybody who has to do with it.
struct Shaken {
    lane: Lane,
    now: Instant,
    limit: usize,
    ordinary: usize,
    usual: UsualTime,
    held: Vec<Priority>,
    lent: Vec<Priority>,
    waiting: Vec<Waiting>,
}

impl Shaken {
    fn new(limit: u32) -> Self {
        let now = Clock::manual().0.now();
        let settings = AdmissionSettings {
            min: limit,
            start: limit,
            max: limit,
            queue: 5,
            ..AdmissionSettings::default()
        };
        let reserve = limit.div_ceil(5);
        Self {
            lane: Lane::new(Cost::Quick, &settings, now),
            now,
            limit: limit as usize,
            ordinary: (limit - reserve) as usize,
            usual: UsualTime::default(),
            held: Vec::new(),
            lent: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Arrive(priority) => self.arrive(priority),
            Step::Finish(at, late) if !self.held.is_empty() => {
                self.held.swap_remove(at % self.held.len());
                let outcome = if late { Outcome::Lacked } else { Outcome::Answered };
                self.lane.note(self.now, outcome, Duration::from_millis(3), &self.usual);
                self.lane.release(self.now);
            }
            Step::Leave(at) if !self.waiting.is_empty() => {
                let waiting = self.waiting.swap_remove(at % self.waiting.len());
                if self.lane.leave(self.now, &waiting.ticket, waiting.key, None) {
                    self.lane.release(self.now);
                }
            }
            Step::Lend(at) if !self.held.is_empty() => {
                self.lent.push(self.held.swap_remove(at % self.held.len()));
                self.lane.lend(self.now);
            }
            Step::Return(at) if !self.lent.is_empty() => {
                let priority = self.lent.swap_remove(at % self.lent.len());
                self.lane.forget_lent();
                match self.lane.come_back(self.now, priority) {
                    None => self.held.push(priority),
                    Some((ticket, key)) => {
                        self.waiting.push(Waiting { priority, ticket, key, returning: true });
                    }
                }
            }
            Step::Pass(millis) => self.now += Duration::from_millis(millis),
            _ => {}
        }
        self.settle();
    }

    fn arrive(&mut self, priority: Priority) {
        if self.lane.try_admit(priority) {
            return self.held.push(priority);
        }
        match self.lane.arrive(self.now, priority) {
            Arrival::Admitted => self.held.push(priority),
            Arrival::TurnedAway => {}
            Arrival::Waits(ticket, key, _) => {
                self.waiting.push(Waiting { priority, ticket, key, returning: false });
            }
        }
    }

    fn settle(&mut self) {
        let (settled, waiting): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting| waiting.ticket.settled().is_some());
        self.waiting = waiting;
        for waiting in settled {
            if waiting.ticket.settled() == Some(Settled::Granted) {
                self.held.push(waiting.priority);
            } else {
                assert!(!waiting.returning, "nobody is turned away whose work has begun");
            }
        }
    }

    fn check(&self) {
        let ordinary = self.held.iter().filter(|priority| **priority > Priority::Identity).count();
        assert!(self.held.len() <= self.limit, "never above the limit");
        assert!(ordinary <= self.ordinary, "the reserve is kept");
        let snapshot = self.lane.snapshot(self.now);
        assert_eq!(snapshot.in_flight as usize, self.held.len(), "no permit is lost, none made up");
        assert_eq!(snapshot.queued as usize, self.waiting.len());
        assert_eq!(snapshot.waiting_for_clients as usize, self.lent.len());
        // Nobody waits beside a permit that is free to them.
        for waiting in &self.waiting {
            let is_free = if waiting.priority <= Priority::Identity {
                self.held.len() < self.limit
            } else {
                self.held.len() < self.ordinary
            };
            assert!(!is_free, "{:?} waits beside a free permit", waiting.priority);
        }
    }
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_a_promise(limit in 2..12_u32, steps in steps()) {
        let mut shaken = Shaken::new(limit);
        for step in steps {
            shaken.step(step);
            shaken.check();
        }
    }
}

#[test]
fn whoever_signs_in_finds_the_reserve() {
    let mut shaken = Shaken::new(10);
    (0..100).for_each(|_| shaken.arrive(Priority::Default));
    assert_eq!(shaken.held.len(), 8);
    shaken.arrive(Priority::Identity);
    shaken.arrive(Priority::Operations);
    assert_eq!(shaken.held.len(), 10);
    shaken.check();
}
