//! When a session ends. One computation, for its row and for its cookie.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When a session ends: after a time without requests, and at a moment that nothing moves.
///
/// | now | the session |
/// |---|---|
/// | before the idle time is over, and before the last moment | goes on |
/// | the idle time after it was last seen, or later | is over |
/// | at the last moment, or later | is over |
///
/// ```
/// use std::time::Duration;
/// use jiff::{SignedDuration, Timestamp};
/// use mainstay::session::Expiry;
///
/// let now = Timestamp::UNIX_EPOCH;
/// let expiry = Expiry::begin(now, Duration::from_mins(30), Duration::from_hours(12));
/// let seen = now + SignedDuration::from_mins(20);
/// assert!(!expiry.is_over(seen, now + SignedDuration::from_mins(49)));
/// assert!(expiry.is_over(seen, now + SignedDuration::from_mins(50)));
/// assert_eq!(expiry.max_age(now), Duration::from_hours(12));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Ends this long after it was last seen.
    pub idle: Duration,
    /// Ends then, whatever happens.
    pub ends_at: Timestamp,
}

impl Expiry {
    /// Of a session that begins now.
    pub fn begin(now: Timestamp, idle: Duration, lifetime: Duration) -> Self {
        Self { idle, ends_at: after(now, lifetime) }
    }

    /// The moment at which it ends, if it is not seen again.
    pub fn over_at(&self, last_seen: Timestamp) -> Timestamp {
        after(last_seen, self.idle).min(self.ends_at)
    }

    /// Whether it is over.
    pub fn is_over(&self, last_seen: Timestamp, now: Timestamp) -> bool {
        now >= self.over_at(last_seen)
    }

    /// How long the browser keeps the cookie.
    ///
    /// To the last moment, and not to the idle one: moving that along would mean a cookie with each answer, and an
    /// answer that comes late could then bring a token back that was replaced meanwhile. The idle time is kept here.
    pub fn max_age(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.ends_at.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}

/// Later by a duration; the end of time where there is no such moment.
fn after(moment: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}
