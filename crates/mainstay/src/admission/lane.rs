//! One lane: its permits, its queue, its limit. It is told the time, and waits for nothing.
//!
//! A permit is one more in `in_flight`, taken by compare-and-swap below a ceiling: the limit, or for priorities that
//! must leave the reserve alone, what is left of it. So there are never more than the ceiling, whoever hurries. The
//! lock is for the queue alone: as long as nobody waits, nobody takes it.
//!
//! No wake-up is lost. Who gives a permit back lowers `in_flight` and then looks at `queued`; who finds no permit
//! raises `queued` and then looks at `in_flight` once more. Both in one total order, so one of them sees the other.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::AdmissionSettings;
use super::backlog::Backlog;
use super::codel::Pace;
use super::gradient::Gradient;
use super::outcome::Outcome;
use super::queue::{Key, Popped, Pushed, Queue};
use super::snapshot::LaneSnapshot;
use super::tally::Tally;
use super::ticket::{Settled, Ticket};
use super::usual::{Learning, UsualTime};
use crate::routes::{Cost, Priority};

/// What only operators, and people who sign in or out, may use: a fifth, rounded up.
const RESERVE: u32 = 5;

/// What becomes of somebody who wants a permit.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Has one.
    Admitted,
    /// Waits for one until then.
    Waits(Arc<Ticket>, Key, Instant),
    /// Gets none.
    TurnedAway,
}

/// The permits for one kind of work.
#[derive(Debug)]
pub(super) struct Lane {
    cost: Cost,
    in_flight: AtomicU32,
    limit: AtomicU32,
    /// What the limit leaves to priorities that have no part in the reserve.
    ordinary: AtomicU32,
    queued: AtomicU32,
    /// Permits that were lent back while their requests wait for their clients.
    lent: AtomicU32,
    learning: AtomicU8,
    admitted: [AtomicU64; Priority::ALL.len()],
    turned_away: [AtomicU64; Priority::ALL.len()],
    /// Good answers a second in the last window, and ends of any kind, as the bits of `f64`s.
    answers: AtomicU64,
    ends: AtomicU64,
    tally: Tally,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue<Arc<Ticket>>,
    gradient: Gradient,
    backlog: Backlog,
}

impl Lane {
    pub(super) fn new(cost: Cost, settings: &AdmissionSettings, now: Instant) -> Self {
        let gradient = Gradient::new(settings);
        let lane = Self {
            cost,
            in_flight: AtomicU32::new(0),
            limit: AtomicU32::new(0),
            ordinary: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            lent: AtomicU32::new(0),
            learning: AtomicU8::new(Learning::Usual as u8),
            admitted: Default::default(),
            turned_away: Default::default(),
            answers: AtomicU64::new(0),
            ends: AtomicU64::new(0),
            tally: Tally::new(now),
            state: Mutex::new(State {
                queue: Queue::new(settings.queue, Pace::of(cost, Duration::ZERO)),
                backlog: Backlog::new(now),
                gradient: gradient.clone(),
            }),
        };
        lane.set_limit(gradient.limit());
        lane
    }

    /// Takes a permit if one is free and nobody waits who comes first. No lock, nothing allocated.
    pub(super) fn try_admit(&self, priority: Priority) -> bool {
        // Who has a part in the reserve passes those who wait for the rest.
        let passes = has_reserve(priority) || self.queued.load(Ordering::SeqCst) == 0;
        let admitted = passes && self.take(priority);
        if admitted {
            one_more(&self.admitted, priority);
        }
        admitted
    }

    /// Takes a permit, or a place in the queue.
    pub(super) fn arrive(&self, now: Instant, priority: Priority) -> Arrival {
        let ticket = Arc::new(Ticket::default());
        let mut state = self.state();
        let nobody_first = state.queue.best().is_none_or(|best| priority < best);
        // See the module's documentation: raised before the last look.
        self.queued.store(count(state.queue.len() + 1), Ordering::SeqCst);
        if nobody_first && self.take(priority) {
            self.note_queued(&state);
            drop(state);
            one_more(&self.admitted, priority);
            return Arrival::Admitted;
        }
        let until = state.queue.patience_ends(now);
        let pushed = state.queue.push(now, priority, Arc::clone(&ticket));
        self.note_queued(&state);
        match pushed {
            Pushed::Waits(key) => Arrival::Waits(ticket, key, until),
            Pushed::InPlaceOf(key, other, evicted) => {
                state.backlog.add(now);
                drop(state);
                self.turn_away(other, &evicted);
                Arrival::Waits(ticket, key, until)
            }
            Pushed::Full => {
                state.backlog.add(now);
                drop(state);
                one_more(&self.turned_away, priority);
                Arrival::TurnedAway
            }
        }
    }

    /// Takes back a permit that was lent, or waits for one. Such a wait has no end of its own: the work has begun.
    pub(super) fn come_back(&self, now: Instant, priority: Priority) -> Option<(Arc<Ticket>, Key)> {
        if self.take(priority) {
            return None;
        }
        let mut state = self.state();
        self.queued.store(count(state.queue.len() + 1), Ordering::SeqCst);
        let waits = (!self.take(priority)).then(|| {
            let ticket = Arc::new(Ticket::default());
            let key = state.queue.push_returning(now, priority, Arc::clone(&ticket));
            (ticket, key)
        });
        self.note_queued(&state);
        waits
    }

    /// Ends a wait: the time is up, or whoever waited is gone. True when the ticket carries a permit after all,
    /// which is then the caller's.
    pub(super) fn leave(
        &self,
        now: Instant,
        ticket: &Ticket,
        key: Key,
        turned_away: Option<Priority>,
    ) -> bool {
        if !ticket.settle(Settled::Left) {
            return ticket.settled() == Some(Settled::Granted);
        }
        let mut state = self.state();
        state.queue.remove(now, key);
        self.note_queued(&state);
        if turned_away.is_some() {
            state.backlog.add(now);
        }
        drop(state);
        if let Some(priority) = turned_away {
            one_more(&self.turned_away, priority);
        }
        false
    }

    /// Takes in how long work took, and moves the limit when it is time to.
    pub(super) fn note(&self, now: Instant, outcome: Outcome, took: Duration, usual: &UsualTime) {
        match outcome {
            Outcome::Answered => {
                let usual = usual.observe(took, self.learning());
                self.tally.answered(took, usual, self.in_flight.load(Ordering::Relaxed));
            }
            Outcome::Lacked => self.tally.failed(),
            Outcome::Other => self.tally.other(),
        }
        if self.tally.is_due(now) {
            self.close_window(now);
        }
    }

    /// Gives a permit back, to those who wait if there are any.
    pub(super) fn release(&self, now: Instant) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.grant(now);
    }

    /// Lends a permit while its request waits for its client.
    pub(super) fn lend(&self, now: Instant) {
        self.lent.fetch_add(1, Ordering::Relaxed);
        self.release(now);
    }

    /// Notes that a permit is not lent any more.
    pub(super) fn forget_lent(&self) {
        self.lent.fetch_sub(1, Ordering::Relaxed);
    }

    /// When somebody who is turned away now should come back, before it is spread.
    pub(super) fn retry_after(&self, now: Instant) -> Duration {
        let mut state = self.state();
        let waiting = state.queue.len();
        state.backlog.wait(now, waiting, f64::from_bits(self.ends.load(Ordering::Relaxed)))
    }

    /// The figures of this moment.
    pub(super) fn snapshot(&self, now: Instant) -> LaneSnapshot {
        let (queued, overloaded) = {
            let state = self.state();
            (state.queue.len(), state.queue.is_overloaded(now))
        };
        let load =
            |counts: &[AtomicU64; Priority::ALL.len()]| counts.each_ref().map(|n| n.load(Ordering::Relaxed));
        LaneSnapshot {
            cost: self.cost,
            limit: self.limit.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            waiting_for_clients: self.lent.load(Ordering::Relaxed),
            queued: count(queued),
            overloaded,
            answers_per_second: f64::from_bits(self.answers.load(Ordering::Relaxed)),
            admitted: load(&self.admitted),
            turned_away: load(&self.turned_away),
        }
    }

    /// One more in flight, if that is below the ceiling of the priority.
    fn take(&self, priority: Priority) -> bool {
        let ceiling = if has_reserve(priority) { &self.limit } else { &self.ordinary };
        let ceiling = ceiling.load(Ordering::Relaxed);
        let more = |in_flight: u32| (in_flight < ceiling).then_some(in_flight + 1);
        let taken = self.in_flight.try_update(Ordering::SeqCst, Ordering::SeqCst, more);
        if let Ok(before) = taken {
            self.tally.peak(before + 1);
        }
        taken.is_ok()
    }

    fn grant(&self, now: Instant) {
        while self.queued.load(Ordering::SeqCst) > 0 {
            let Some(ticket) = self.next_turn(now) else { return };
            // Outside the lock: waking runs the scheduler.
            ticket.wake();
        }
    }

    /// The next ticket that was settled, with a permit or without.
    fn next_turn(&self, now: Instant) -> Option<Arc<Ticket>> {
        let mut state = self.state();
        loop {
            if !self.take(state.queue.best()?) {
                return None;
            }
            let popped = state.queue.pop(now);
            self.note_queued(&state);
            match popped {
                Some(Popped::Next(priority, ticket)) if ticket.settle(Settled::Granted) => {
                    one_more(&self.admitted, priority);
                    return Some(ticket);
                }
                Some(Popped::Late(priority, ticket)) => {
                    self.in_flight.fetch_sub(1, Ordering::SeqCst);
                    if ticket.settle(Settled::TurnedAway) {
                        state.backlog.add(now);
                        one_more(&self.turned_away, priority);
                        return Some(ticket);
                    }
                }
                // It left a moment ago.
                Some(Popped::Next(..)) | None => {
                    self.in_flight.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
    }

    fn close_window(&self, now: Instant) {
        let mut state = self.state();
        // Somebody else may have closed it meanwhile.
        let Some(window) = self.tally.close(now, self.in_flight.load(Ordering::Relaxed)) else { return };
        let verdict = state.gradient.close(&window);
        if let Some(usual) = window.mean_usual() {
            state.queue.set_pace(Pace::of(self.cost, usual));
        }
        drop(state);
        #[expect(clippy::cast_precision_loss, reason = "answers of one window")]
        let a_second = |count: u64| (count as f64 / window.length.as_secs_f64()).to_bits();
        self.answers.store(a_second(window.answered), Ordering::Relaxed);
        self.ends.store(a_second(window.ended), Ordering::Relaxed);
        self.learning.store(verdict.learning as u8, Ordering::Relaxed);
        self.set_limit(verdict.limit);
        self.grant(now);
    }

    fn learning(&self) -> Learning {
        const ALL: [Learning; 3] = [Learning::Nothing, Learning::Usual, Learning::Anew];
        ALL[usize::from(self.learning.load(Ordering::Relaxed)).min(ALL.len() - 1)]
    }

    fn set_limit(&self, limit: u32) {
        let reserve = limit.div_ceil(RESERVE).min(limit.saturating_sub(1));
        self.limit.store(limit, Ordering::Relaxed);
        self.ordinary.store(limit - reserve, Ordering::Relaxed);
    }

    fn turn_away(&self, priority: Priority, ticket: &Ticket) {
        if ticket.settle(Settled::TurnedAway) {
            one_more(&self.turned_away, priority);
            ticket.wake();
        }
    }

    fn note_queued(&self, state: &State) {
        self.queued.store(count(state.queue.len()), Ordering::SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Queue, limit and backlog are each whole after every call into them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a priority may use the reserve.
fn has_reserve(priority: Priority) -> bool {
    priority <= Priority::Identity
}

fn one_more(counts: &[AtomicU64; Priority::ALL.len()], priority: Priority) {
    counts[priority.index()].fetch_add(1, Ordering::Relaxed);
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
