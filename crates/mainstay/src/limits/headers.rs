//! How limits are told.
//!
//! | header | says |
//! |---|---|
//! | `RateLimit-Policy` | the limit's name, its requests and their seconds: `"import";q=5;w=60` |
//! | `RateLimit` | what is left of it, and the seconds until all of it is back: `"import";r=4;t=12` |
//! | `X-RateLimit-Limit`, `-Remaining` | the same for older clients |
//! | `X-RateLimit-Reset` | when all of it is back, in seconds since 1970 |
//!
//! Where several limits hold, they speak of the one that has least left. The first two are those of the IETF's draft.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::row::Limit;
use super::store::Standing;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
const OLDER_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const OLDER_LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const OLDER_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A limit that a request met, as its answer tells it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    name: String,
    policy: HeaderValue,
    limit: u32,
    left: u32,
    full_in: u64,
}

impl Shown {
    pub(super) fn new(limit: &Limit, standing: Standing) -> Self {
        Self {
            name: limit.name.clone(),
            policy: limit.policy.clone(),
            limit: limit.quota.limit,
            left: standing.left,
            full_in: seconds(standing.full_in),
        }
    }

    /// The one that has less left.
    pub(crate) fn tighter<'a>(&'a self, other: Option<&'a Self>) -> &'a Self {
        other.filter(|other| other.left < self.left).unwrap_or(self)
    }

    /// Writes the headers. `now` is the time of day.
    pub(crate) fn seal(&self, now: Timestamp, headers: &mut HeaderMap) {
        let Self { name, policy, limit, left, full_in } = self;
        let reset = now.as_second().saturating_add_unsigned(*full_in);
        headers.insert(POLICY, policy.clone());
        if let Ok(standing) = HeaderValue::try_from(format!("\"{name}\";r={left};t={full_in}")) {
            headers.insert(STANDING, standing);
        }
        headers.insert(OLDER_LIMIT, HeaderValue::from(*limit));
        headers.insert(OLDER_LEFT, HeaderValue::from(*left));
        headers.insert(OLDER_RESET, HeaderValue::from(reset));
    }
}

/// Whole seconds, rounded up.
fn seconds(nanos: i64) -> u64 {
    let duration = Duration::from_nanos(nanos.max(0).unsigned_abs());
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
