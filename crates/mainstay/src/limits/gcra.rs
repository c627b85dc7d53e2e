//! The one decision of all limits: the generic cell rate algorithm.
//!
//! A limit of `N` requests in a time `W` is a bucket that holds `N` and is filled by one every `W / N`. All that has to
//! be kept of it is one number: its *theoretical arrival time* (TAT), the moment at which it will be full again.
//!
//! | the bucket, at `now` | the request | the TAT afterwards |
//! |---|---|---|
//! | is full: the TAT has passed, or nobody has asked yet | goes | `now + W / N` |
//! | has room: one more fits before `now + W` | goes | `TAT + W / N` |
//! | is empty | is refused, with the time until one more fits | unchanged |
//! | would be full later than `now + W`, which only a clock that was set back can say | as if it were just empty | |
//!
//! So in any time `t` at most `N + t · N / W` requests go: never more than `N` at once, and no edge of a window to
//! wait for. Times are nanoseconds from a beginning of the caller's choice.

use super::Rate;

const MICROS_PER_SECOND: u64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// Instances that count each for itself let this much go in a hundred of the rate, all together.
const APART_PERCENT: u64 = 120;

/// A rate as the algorithm needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many fit into the full bucket.
    pub limit: u32,
    /// In how many nanoseconds one more fits, rounded up to microseconds: never more than the rate says, and the same
    /// in every store.
    pub emission: i64,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes.
    Go {
        /// The TAT from now on.
        tat: i64,
    },
    /// It is refused.
    Refuse {
        /// In how many nanoseconds one more fits.
        wait: i64,
    },
}

impl Quota {
    /// The quota of a rate.
    pub const fn of(rate: Rate) -> Self {
        let window = rate.seconds as u64 * MICROS_PER_SECOND;
        let limit = if rate.requests == 0 { 1 } else { rate.requests };
        Self { limit, emission: window.div_ceil(limit as u64).cast_signed() * NANOS_PER_MICRO }
    }

    /// The time in which an empty bucket is full again.
    pub const fn depth(self) -> i64 {
        self.emission.saturating_mul(self.limit as i64)
    }

    /// The part of one of so many instances that count each for itself, and a fifth more: traffic is never spread
    /// evenly. The same time for fewer requests, so what is known of the whole bucket holds for the part as well.
    #[must_use]
    pub fn part_of(self, instances: u32) -> Self {
        let limit = u64::from(self.limit) * APART_PERCENT / 100 / u64::from(instances.max(1));
        let limit = u32::try_from(limit.max(1)).unwrap_or(u32::MAX);
        Self { limit, emission: self.depth() / i64::from(limit) }
    }

    /// How many still fit, and in how many nanoseconds the bucket is full again.
    pub fn left(self, tat: i64, now: i64) -> (u32, i64) {
        let debt = self.debt(tat, now);
        let left = (self.depth() - debt) / self.emission;
        (u32::try_from(left).unwrap_or(0), debt)
    }

    /// How long the bucket takes until it is full: none, if it is; at most [`Quota::depth`].
    fn debt(self, tat: i64, now: i64) -> i64 {
        tat.saturating_sub(now).clamp(0, self.depth())
    }
}

/// Decides about one request by the table above. `tat` is what was kept of the bucket, any time in the past if nothing
/// was.
pub fn decide(tat: i64, quota: Quota, now: i64) -> Decision {
    let next = quota.debt(tat, now).saturating_add(quota.emission);
    let over = next.saturating_sub(quota.depth());
    if over > 0 { Decision::Refuse { wait: over } } else { Decision::Go { tat: now.saturating_add(next) } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// Five in ten seconds: one every two.
    const FIVE: Quota = Quota::of(Rate { requests: 5, seconds: 10 });

    #[test]
    fn decision_table() {
        let go = |tat: i64| Decision::Go { tat: tat * SECOND };
        let refuse = |wait: i64| Decision::Refuse { wait: wait * SECOND };
        let rows = [
            (i64::MIN, 0, go(2)),
            (0, 100, go(102)),
            (100, 100, go(102)),
            (102, 100, go(104)),
            (108, 100, go(110)),
            (109, 100, refuse(1)),
            (110, 100, refuse(2)),
            (110, 101, refuse(1)),
            (110, 102, go(112)),
            // A clock that was set back by a day.
            (86_400, 100, refuse(2)),
        ];
        for (tat, now, decision) in rows {
            let tat = tat.saturating_mul(SECOND);
            assert_eq!(decide(tat, FIVE, now * SECOND), decision, "{tat} {now}");
        }
        // Half of it and a fifth more, in the same ten seconds; one at least.
        assert_eq!(FIVE.part_of(2), Quota { limit: 3, emission: FIVE.depth() / 3 });
        assert_eq!(FIVE.part_of(1).limit, 6);
        assert_eq!(FIVE.part_of(100), Quota::of(Rate { requests: 1, seconds: 10 }));
        assert_eq!(FIVE.left(106 * SECOND, 100 * SECOND), (2, 6 * SECOND));
        assert_eq!(FIVE.left(0, 100 * SECOND), (5, 0));
        assert_eq!(FIVE.left(i64::MAX, 0), (0, FIVE.depth()));
    }

    #[test]
    fn shares_are_rounded_against_the_client() {
        let quota = Quota::of(Rate::per_minute(7));
        assert_eq!(quota.emission, 8_571_429_000);
        assert!(quota.depth() >= 60 * SECOND);
        assert_eq!(Quota::of(Rate::per_second(1_000_000)).emission, 1_000);
    }

    /// What a limit is, told with the log of all that went: none of its ends may have seen more than the limit and
    /// what was filled in since.
    fn is_within(log: &[i64], quota: Quota) -> bool {
        log.iter().enumerate().all(|(first, begin)| {
            log[first..].iter().enumerate().all(|(further, end)| {
                let filled = (end - begin) / quota.emission;
                i64::try_from(further).unwrap() < i64::from(quota.limit) + filled
            })
        })
    }

    proptest! {
        #[test]
        fn as_a_log_of_all_requests_would_have_it(
            requests in 1..40_u32,
            seconds in 1..20_u32,
            steps in proptest::collection::vec(0..2_000_000_000_i64, 1..200),
        ) {
            let quota = Quota::of(Rate { requests, seconds });
            let (mut now, mut tat, mut log) = (0, i64::MIN, Vec::new());
            // The same bucket, told as a level that is filled up and drawn from.
            let mut level = i128::from(quota.depth());
            for step in steps {
                now += step;
                level = (level + i128::from(step)).min(i128::from(quota.depth()));
                let fits = level >= i128::from(quota.emission);
                match decide(tat, quota, now) {
                    Decision::Go { tat: next } => {
                        prop_assert!(fits);
                        level -= i128::from(quota.emission);
                        tat = next;
                        log.push(now);
                    }
                    Decision::Refuse { wait } => {
                        prop_assert!(!fits);
                        prop_assert_eq!(i128::from(wait), i128::from(quota.emission) - level);
                        let goes_at = |time| matches!(decide(tat, quota, time), Decision::Go { .. });
                        prop_assert!(goes_at(now + wait) && !goes_at(now + wait - 1), "the wait is true");
                    }
                }
                let (left, full) = quota.left(tat, now);
                prop_assert_eq!(i128::from(left), level / i128::from(quota.emission));
                prop_assert_eq!(i128::from(full), i128::from(quota.depth()) - level);
            }
            prop_assert!(is_within(&log, quota));
        }

        #[test]
        fn a_clock_that_steps_neither_locks_out_nor_lets_in(
            tat in any::<i64>(),
            now in 0..i64::MAX / 2,
            requests in 1..1_000_000_u32,
            seconds in 1..86_400_u32,
        ) {
            let quota = Quota::of(Rate { requests, seconds });
            match decide(tat, quota, now) {
                Decision::Go { tat: next } => prop_assert!(next > now && next - now <= quota.depth()),
                Decision::Refuse { wait } => prop_assert!(wait > 0 && wait <= quota.emission),
            }
        }
    }
}
