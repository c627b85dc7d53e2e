//! Whether a queue is standing: CoDel, as a queue of requests needs it.
//!
//! A queue that empties now and then only takes up bursts, and a wait in it does good. A queue whose *oldest*
//! request has waited longer than the target all through an interval does not: everybody waits, and no more is
//! done for it. Then the queue is overloaded, until an interval in which it was short at least once.
//!
//! The oldest counts, and not the one that is served: an overloaded queue serves the newest first, which has never
//! waited, and would so declare itself healthy.

use std::time::Duration;

use tokio::time::Instant;

use crate::routes::Cost;

/// How long is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// A wait that does no harm.
    pub(super) target: Duration,
    /// For so long a longer one may last. Nobody waits longer than this.
    pub(super) interval: Duration,
}

impl Pace {
    /// For work that usually takes so long. Where that is more than the least target of its kind (5 ms for what is
    /// quick, 250 ms for what is slow), it is the target itself: waiting until one request is done is no sign of
    /// anything.
    ///
    /// The interval is what a burst may take to pass: 100 ms and a second. Slow work gets fewer targets of it, for they
    /// are long: at the very edge of what can be done everybody waits that long, and a person waits with them.
    pub(super) fn of(cost: Cost, usual: Duration) -> Self {
        let ([least, most], targets) = match cost {
            Cost::Quick => ([Duration::from_millis(5), Duration::from_millis(250)], 20),
            Cost::Slow => ([Duration::from_millis(250), Duration::from_secs(1)], 4),
        };
        let target = usual.clamp(least, most);
        Self { target, interval: target * targets }
    }

    /// How long a request may wait.
    pub(super) fn patience(self, overloaded: bool) -> Duration {
        if overloaded { self.target * 2 } else { self.interval }
    }
}

/// The state of one queue.
#[derive(Clone, Debug)]
pub(super) struct CoDel {
    pace: Pace,
    ends: Option<Instant>,
    least: Duration,
    overloaded: bool,
}

impl CoDel {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, ends: None, least: Duration::MAX, overloaded: false }
    }

    /// Notes how long the oldest request has waited; zero when nobody waits.
    pub(super) fn note(&mut self, now: Instant, wait: Duration) {
        match self.ends {
            Some(ends) if now < ends => self.least = self.least.min(wait),
            // Nothing was noted for a whole interval: whatever there was is over.
            Some(ends) if now >= ends + self.pace.interval => self.begin(now, wait, false),
            Some(_) => self.begin(now, wait, self.least > self.pace.target),
            None => self.begin(now, wait, false),
        }
    }

    /// Whether the queue is standing.
    pub(super) fn is_overloaded(&self, now: Instant) -> bool {
        self.overloaded && self.ends.is_some_and(|ends| now < ends + self.pace.interval)
    }

    /// Changes the pace, from the next interval on.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    fn begin(&mut self, now: Instant, wait: Duration, overloaded: bool) {
        self.ends = Some(now + self.pace.interval);
        self.least = wait;
        self.overloaded = overloaded;
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Notes waits ten milliseconds apart, and tells when the queue was overloaded.
    fn notes(waits: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let (mut codel, start) = (CoDel::new(Pace::of(Cost::Quick, Duration::ZERO)), Clock::manual().0.now());
        let note = |(at, wait): (u32, u32)| {
            let now = start + at * 10 * MS;
            codel.note(now, wait * MS);
            codel.is_overloaded(now)
        };
        (0..).zip(waits).map(note).collect()
    }

    #[test]
    fn a_queue_that_stands_for_an_interval_is_overloaded() {
        let states = notes([9; 30]);
        assert!(!states[9] && states[10] && states[29]);
    }

    #[test]
    fn a_queue_that_is_short_now_and_then_is_not() {
        assert!(!notes((0..100).map(|at| if at % 10 == 5 { 1 } else { 80 })).contains(&true));
    }

    #[test]
    fn it_recovers_within_an_interval_of_being_short() {
        let states = notes((0..50).map(|at| if at < 20 { 50 } else { 0 }));
        assert!(states[19]);
        assert!(!states[31]);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let (mut codel, start) = (CoDel::new(Pace::of(Cost::Quick, Duration::ZERO)), Clock::manual().0.now());
        for at in 0..12 {
            codel.note(start + at * 10 * MS, 50 * MS);
        }
        assert!(codel.is_overloaded(start + 110 * MS));
        assert!(!codel.is_overloaded(start + 400 * MS));
        codel.note(start + 400 * MS, 50 * MS);
        assert!(!codel.is_overloaded(start + 400 * MS));
    }
}
