//! A service in virtual time: requests that arrive at random, one lane, and something that does the work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::Instant;

use crate::admission::AdmissionSettings;
use crate::admission::lane::{Arrival, Lane};
use crate::admission::outcome::Outcome;
use crate::admission::queue::Key;
use crate::admission::ticket::{Settled, Ticket};
use crate::admission::usual::UsualTime;
use crate::routes::{Cost, Priority};

/// What does the work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Backend {
    /// So many processors, shared by all requests in flight alike.
    Processors(f64),
    /// Something far away that takes its time, however much is asked of it.
    Distant,
}

impl Backend {
    /// How fast each of so many requests goes on.
    fn speed(self, in_flight: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let in_flight = in_flight.max(1) as f64;
        match self {
            Self::Processors(processors) => (processors / in_flight).min(1.0),
            Self::Distant => 1.0,
        }
    }
}

/// What is asked of the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// Requests a second.
    pub(super) rate: f64,
    /// How much work one is, in seconds, on average.
    pub(super) work: f64,
    /// How many in a hundred come with each priority.
    pub(super) mix: &'static [(Priority, u64)],
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    pub(super) arrived: u64,
    pub(super) answered: BTreeMap<Priority, Vec<Duration>>,
    pub(super) turned_away: BTreeMap<Priority, u64>,
    pub(super) most_in_flight: usize,
}

impl Outcomes {
    pub(super) fn goodput(&self) -> usize {
        self.answered.values().map(Vec::len).sum()
    }

    pub(super) fn quantile(&self, priority: Priority, quantile: f64) -> Duration {
        let mut times = self.answered[&priority].clone();
        times.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (times.len() as f64 * quantile) as usize;
        times[index.min(times.len() - 1)]
    }

    pub(super) fn share_answered(&self, priority: Priority) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts")]
        let [answered, lost] = [
            self.answered.get(&priority).map_or(0, Vec::len) as f64,
            self.turned_away.get(&priority).copied().unwrap_or_default() as f64,
        ];
        answered / (answered + lost).max(1.0)
    }
}

struct Working {
    priority: Priority,
    arrived: Instant,
    begun: Instant,
    /// Where the common progress is when this request is done.
    done_at: f64,
}

struct Waiting {
    priority: Priority,
    arrived: Instant,
    ticket: Arc<Ticket>,
    key: Key,
    until: Instant,
}

/// The service and its clients.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) lane: Lane,
    pub(super) backend: Backend,
    pub(super) outcomes: Outcomes,
    usual: UsualTime,
    working: Vec<Working>,
    waiting: Vec<Waiting>,
    progress: f64,
    random: u64,
}

impl World {
    pub(super) fn new(backend: Backend, seed: u64) -> Self {
        let now = Clock::manual().0.now();
        Self {
            now,
            lane: Lane::new(Cost::Quick, &AdmissionSettings::default(), now),
            backend,
            outcomes: Outcomes::default(),
            usual: UsualTime::default(),
            working: Vec::new(),
            waiting: Vec::new(),
            progress: 0.0,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    /// Lets so much time pass, and returns what came of it.
    pub(super) fn run(&mut self, demand: Demand, time: Duration) -> Outcomes {
        self.outcomes = Outcomes::default();
        let end = self.now + time;
        let mut next_arrival = self.now + self.pause(demand.rate);
        loop {
            let next_done = self.next_done();
            let next_late = self.waiting.iter().map(|waiting| waiting.until).min();
            let next = [Some(next_arrival), next_done, next_late].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next < end) else { break };
            self.advance(next);
            if next_done == Some(next) {
                self.finish();
            } else if next_late == Some(next) {
                self.give_up();
            } else {
                let priority = self.priority(demand.mix);
                self.arrive(priority, demand.work);
                next_arrival = next + self.pause(demand.rate);
            }
            self.settle(demand.work);
            self.check();
        }
        self.advance(end);
        std::mem::take(&mut self.outcomes)
    }

    pub(super) fn limit(&self) -> u32 {
        self.lane.snapshot(self.now).limit
    }

    fn arrive(&mut self, priority: Priority, work: f64) {
        self.outcomes.arrived += 1;
        if self.lane.try_admit(priority) {
            return self.begin(priority, self.now, work);
        }
        match self.lane.arrive(self.now, priority) {
            Arrival::Admitted => self.begin(priority, self.now, work),
            Arrival::TurnedAway => self.turned_away(priority),
            Arrival::Waits(ticket, key, until) => {
                self.waiting.push(Waiting { priority, arrived: self.now, ticket, key, until });
            }
        }
    }

    fn begin(&mut self, priority: Priority, arrived: Instant, work: f64) {
        let amount = -work * (1.0 - self.random()).ln();
        let done_at = self.progress + amount.max(1e-6);
        self.working.push(Working { priority, arrived, begun: self.now, done_at });
        self.outcomes.most_in_flight = self.outcomes.most_in_flight.max(self.working.len());
    }

    fn finish(&mut self) {
        let first = (0..self.working.len())
            .min_by(|a, b| self.working[*a].done_at.total_cmp(&self.working[*b].done_at));
        let done = self.working.swap_remove(first.unwrap());
        self.lane.note(self.now, Outcome::Answered, self.now - done.begun, &self.usual);
        self.lane.release(self.now);
        self.outcomes.answered.entry(done.priority).or_default().push(self.now - done.arrived);
    }

    /// Whoever has waited long enough leaves.
    fn give_up(&mut self) {
        for index in (0..self.waiting.len()).rev() {
            let waiting = &self.waiting[index];
            if waiting.until <= self.now && waiting.ticket.settled().is_none() {
                let granted = self.lane.leave(self.now, &waiting.ticket, waiting.key, Some(waiting.priority));
                assert!(!granted);
                let waiting = self.waiting.swap_remove(index);
                self.turned_away(waiting.priority);
            }
        }
    }

    /// Whoever's turn has come begins.
    fn settle(&mut self, work: f64) {
        for index in (0..self.waiting.len()).rev() {
            match self.waiting[index].ticket.settled() {
                None => {}
                Some(settled) => {
                    let waiting = self.waiting.swap_remove(index);
                    match settled {
                        Settled::Granted => self.begin(waiting.priority, waiting.arrived, work),
                        Settled::TurnedAway | Settled::Left => self.turned_away(waiting.priority),
                    }
                }
            }
        }
    }

    /// What must be true at every moment.
    fn check(&self) {
        let snapshot = self.lane.snapshot(self.now);
        assert_eq!(snapshot.in_flight as usize, self.working.len(), "no permit is lost, none made up");
        assert_eq!(snapshot.queued as usize, self.waiting.len());
    }

    fn turned_away(&mut self, priority: Priority) {
        *self.outcomes.turned_away.entry(priority).or_default() += 1;
    }

    fn next_done(&self) -> Option<Instant> {
        let first = self.working.iter().map(|working| working.done_at).min_by(f64::total_cmp)?;
        let left = (first - self.progress).max(0.0) / self.backend.speed(self.working.len());
        Some(self.now + Duration::from_secs_f64(left) + Duration::from_nanos(1))
    }

    fn advance(&mut self, to: Instant) {
        let passed = (to - self.now).as_secs_f64();
        self.progress += passed * self.backend.speed(self.working.len());
        self.now = to;
    }

    fn pause(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.random()).ln() / rate)
    }

    fn priority(&mut self, mix: &[(Priority, u64)]) -> Priority {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..100")]
        let mut at = (self.random() * 100.0) as u64;
        for (priority, share) in mix {
            if at < *share {
                return *priority;
            }
            at -= share;
        }
        Priority::Default
    }

    /// A number in 0..1 (xorshift64*): the same for each run of a seed.
    fn random(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let number = (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64;
        number / 2_f64.powi(53)
    }
}
