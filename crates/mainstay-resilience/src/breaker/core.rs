//! The states of a breaker, without lock, clock or observer.

use std::time::Duration;

use tokio::time::Instant;

use super::window::{Counts, Window};
use super::{BreakerSettings, BreakerSnapshot, BreakerState, Forced, Outcome, Rejected, Transition};
use crate::Backoff;

/// How many trials there are while it is half open, one group after the other.
pub(super) const TRIALS: [u32; 3] = [1, 3, 10];

/// What a caller without a trial is told: trials are short.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Core {
    settings: BreakerSettings,
    state: State,
    forced: Option<Forced>,
    /// Goes up with each change of state: an outcome counts only in the state that its call was made in.
    epoch: u64,
    /// How often it opened without having been closed for long in between.
    in_a_row: u32,
    closed_since: Instant,
    opened: u64,
}

#[derive(Clone, Debug)]
enum State {
    Closed(Box<Window>),
    Open { until: Instant },
    HalfOpen { group: usize, under_way: u32, succeeded: u32 },
}

impl Core {
    pub(super) fn new(settings: BreakerSettings, now: Instant) -> Self {
        let state = State::Closed(Box::new(Window::new(settings.window, now)));
        Self { settings, state, forced: None, epoch: 0, in_a_row: 0, closed_since: now, opened: 0 }
    }

    pub(super) fn settings(&self) -> BreakerSettings {
        self.settings
    }

    /// Whether a call may be made: the epoch it is made in, or the refusal.
    pub(super) fn admit(&mut self, now: Instant) -> (Result<u64, Rejected>, Option<Transition>) {
        match self.forced {
            Some(Forced::Closed) => return (Ok(self.epoch), None),
            Some(Forced::Open) => return (Err(Rejected { retry_after: self.settings.open_for }), None),
            None => {}
        }
        let change = match self.state {
            State::Open { until } if now >= until => {
                Some(self.change(State::HalfOpen { group: 0, under_way: 0, succeeded: 0 }, None))
            }
            _ => None,
        };
        let verdict = match &mut self.state {
            State::Closed(_) => Ok(self.epoch),
            State::Open { until } => Err(Rejected { retry_after: *until - now }),
            State::HalfOpen { group, under_way, succeeded } => {
                if *under_way + *succeeded < TRIALS[*group] {
                    *under_way += 1;
                    Ok(self.epoch)
                } else {
                    Err(Rejected { retry_after: TRIAL_WAIT })
                }
            }
        };
        (verdict, change)
    }

    /// What came of a call that was made in `epoch`; nothing, if it was dropped.
    pub(super) fn settle(
        &mut self,
        epoch: u64,
        outcome: Option<Outcome>,
        took: Duration,
        now: Instant,
    ) -> Option<Transition> {
        if epoch != self.epoch || self.forced.is_some() {
            return None;
        }
        let is_slow = outcome == Some(Outcome::Success) && took >= self.settings.slow_call;
        match (&mut self.state, outcome) {
            (State::HalfOpen { under_way, .. }, None) => {
                *under_way -= 1;
                None
            }
            (State::HalfOpen { .. }, Some(Outcome::Failure)) => Some(self.open(now)),
            (State::HalfOpen { .. }, Some(Outcome::Success)) if is_slow => Some(self.open(now)),
            (State::HalfOpen { group, under_way, succeeded }, Some(Outcome::Success)) => {
                *under_way -= 1;
                *succeeded += 1;
                if *succeeded < TRIALS[*group] {
                    return None;
                }
                (*group, *succeeded) = (*group + 1, 0);
                (*group == TRIALS.len()).then(|| self.close(now))
            }
            (State::Closed(window), Some(outcome)) => {
                let failures = u32::from(outcome == Outcome::Failure);
                window.add(Counts { calls: 1, failures, slow: u32::from(is_slow) }, now);
                let counts = window.counts(now);
                self.is_too_bad(counts).then(|| self.open(now))
            }
            (State::Closed(_) | State::Open { .. }, _) => None,
        }
    }

    pub(super) fn trip(&mut self, now: Instant) -> Option<Transition> {
        let is_open = matches!(self.state, State::Open { .. });
        (self.forced.is_none() && !is_open).then(|| self.open(now))
    }

    pub(super) fn hasten(&mut self, now: Instant) {
        if let State::Open { until } = &mut self.state {
            *until = now.min(*until);
        }
    }

    pub(super) fn force(&mut self, forced: Option<Forced>, now: Instant) -> Option<Transition> {
        let before = self.name();
        self.forced = forced;
        self.epoch += 1;
        self.in_a_row = 0;
        self.closed_since = now;
        self.state = State::Closed(Box::new(Window::new(self.settings.window, now)));
        let to = self.name();
        (before != to).then_some(Transition { from: before, to, open_for: None })
    }

    pub(super) fn snapshot(&self, now: Instant) -> BreakerSnapshot {
        let Counts { calls, failures, slow } = match &self.state {
            State::Closed(window) => window.counts(now),
            _ => Counts::default(),
        };
        let open_for = match self.state {
            State::Open { until } => Some(until.saturating_duration_since(now)),
            _ => None,
        };
        let (state, forced, opened) = (self.name(), self.forced, self.opened);
        BreakerSnapshot { state, forced, calls, failures, slow, open_for, opened }
    }

    fn name(&self) -> BreakerState {
        match (self.forced, &self.state) {
            (Some(Forced::Open), _) | (None, State::Open { .. }) => BreakerState::Open,
            (Some(Forced::Closed), _) | (None, State::Closed(_)) => BreakerState::Closed,
            (None, State::HalfOpen { .. }) => BreakerState::HalfOpen,
        }
    }

    fn is_too_bad(&self, counts: Counts) -> bool {
        let share =
            |part: u32, percent: u32| u64::from(part) * 100 >= u64::from(counts.calls) * u64::from(percent);
        counts.calls >= self.settings.least_calls
            && (share(counts.failures, self.settings.failure_percent)
                || share(counts.slow, self.settings.slow_percent))
    }

    fn open(&mut self, now: Instant) -> Transition {
        let was_closed = matches!(self.state, State::Closed(_));
        // It was well for as long as it could have been open: what was before does not count any more.
        if was_closed && now - self.closed_since >= self.settings.open_for_most {
            self.in_a_row = 0;
        }
        let backoff = Backoff::new(self.settings.open_for, self.settings.open_for_most);
        let open_for = backoff.around(self.in_a_row);
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.opened += 1;
        self.change(State::Open { until: now + open_for }, Some(open_for))
    }

    fn close(&mut self, now: Instant) -> Transition {
        self.closed_since = now;
        self.change(State::Closed(Box::new(Window::new(self.settings.window, now))), None)
    }

    fn change(&mut self, state: State, open_for: Option<Duration>) -> Transition {
        let from = self.name();
        self.state = state;
        self.epoch += 1;
        Transition { from, to: self.name(), open_for }
    }
}
