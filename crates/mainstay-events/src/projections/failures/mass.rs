//! When so much fails that the code must be wrong.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::Position;

/// So many keys put aside within [`MASS_TIME`] are no matter of some events. Each took its tries, so this is met
/// where those are short.
const MASS_KEYS: usize = 10;
const MASS_TIME: Duration = Duration::from_mins(1);

/// How many events are looked back at.
pub(in crate::projections) const MASS_EVENTS: u64 = 10_000;

/// So many keys are no share yet: of ten streams, one that fails is a tenth.
pub(in crate::projections) const MASS_FEW: usize = 5;

/// Of so many keys among those events, one may be put aside.
const MASS_SHARE: usize = 100;

/// Most keys that are put aside at all.
pub(in crate::projections) const MOST_KEYS: usize = 1_000;

/// What was put aside, the key that is to be put aside now included.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::projections) struct Aside {
    /// Within the last minute.
    pub(in crate::projections) in_time: usize,
    /// At one of the last [`MASS_EVENTS`] events.
    pub(in crate::projections) in_events: usize,
    /// How many keys those events have in all.
    pub(in crate::projections) keys: usize,
    /// At all.
    pub(in crate::projections) in_all: usize,
}

/// Tells a few bad events from bad code.
///
/// | keys put aside | bad code |
/// |---|---|
/// | ten within a minute | yes |
/// | five at the last 10,000 events, and more than one in a hundred of their keys | yes |
/// | a thousand in all | yes |
/// | fewer | no |
pub(in crate::projections) fn is_mass(aside: Aside) -> bool {
    let Aside { in_time, in_events, keys, in_all } = aside;
    let is_large_share = in_events >= MASS_FEW && in_events * MASS_SHARE > keys;
    in_time >= MASS_KEYS || is_large_share || in_all >= MOST_KEYS
}

/// When and where keys were put aside of late.
#[derive(Debug, Default)]
pub(in crate::projections) struct MassPoison {
    times: VecDeque<Instant>,
    positions: VecDeque<Position>,
}

impl MassPoison {
    /// Remembers a key that was put aside before.
    pub(in crate::projections) fn recall(&mut self, at: Position) {
        self.positions.push_back(at);
    }

    /// Notes that one more key is to be put aside, beside `kept` others. How many keys there are is for the caller
    /// to say.
    pub(in crate::projections) fn note(&mut self, now: Instant, at: Position, kept: usize) -> Aside {
        self.times.retain(|time| now.saturating_duration_since(*time) < MASS_TIME);
        self.times.push_back(now);
        self.positions.retain(|position| position.get() + MASS_EVENTS > at.get());
        self.positions.push_back(at);
        Aside {
            in_time: self.times.len(),
            in_events: self.positions.len(),
            keys: usize::MAX,
            in_all: kept + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;

    use super::*;

    #[test]
    fn mass_poison_row_by_row() {
        let rows = [
            (Aside { in_time: 9, in_events: 9, keys: 900, in_all: 9 }, false),
            (Aside { in_time: 10, in_events: 9, keys: 900, in_all: 10 }, true),
            (Aside { in_time: 1, in_events: 5, keys: 500, in_all: 5 }, false),
            (Aside { in_time: 1, in_events: 5, keys: 499, in_all: 5 }, true),
            (Aside { in_time: 1, in_events: 4, keys: 4, in_all: 4 }, false),
            (Aside { in_time: 1, in_events: 1, keys: 10_000, in_all: 999 }, false),
            (Aside { in_time: 1, in_events: 1, keys: 10_000, in_all: 1_000 }, true),
        ];
        for (aside, is) in rows {
            assert_eq!(is_mass(aside), is, "{aside:?}");
        }
    }

    #[test]
    fn what_is_long_ago_or_far_behind_does_not_count() {
        let (clock, hands) = Clock::manual();
        let mut mass = MassPoison::default();
        mass.recall(Position::new(1));
        for number in 2..=4 {
            mass.note(clock.now(), Position::new(number), 0);
        }
        let aside = mass.note(clock.now(), Position::new(10_000), 7);
        assert_eq!((aside.in_time, aside.in_events, aside.in_all), (4, 5, 8));
        hands.advance(MASS_TIME);
        let aside = mass.note(clock.now(), Position::new(10_003), 8);
        assert_eq!((aside.in_time, aside.in_events, aside.in_all), (1, 3, 9));
    }
}
