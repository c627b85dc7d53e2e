//! What a route does while the database is not well.
//!
//! A route says so where it is registered; a route that says nothing fails, honestly and soon.
//!
//! | the route says | the handler answered | what leaves |
//! |---|---|---|
//! | nothing (`fail`) | a refusal for the database's sake | that refusal, with `Retry-After` |
//! | `.stale(max_age)` | 200 | that, and it is kept as the last good answer |
//! | `.stale(max_age)` | a refusal for the database's sake | the last good answer, if it is no older; else the refusal |
//! | `.stale(max_age)` | anything else | that |
//! | `.read_only()` | is not asked while the circuit is not closed | `circuit_open`, with `Retry-After` |
//!
//! A refusal for the database's sake is `pool_exhausted`, `database_unavailable`, `query_timeout` or `circuit_open`.
//!
//! **What is kept** is bounded in bytes ([`DegradationSettings`]), belongs to a path with its query, to the role of who asked
//! and to what they accept, and leaves with `Age` and `Warning: 110`. What depends on more than that is not kept: an answer
//! whose handler asked who the caller is, looked into a session, made a token for a form or a nonce for a page; one with a
//! cookie, with `Cache-Control: no-store` or `private` of its own, or that varies by anything but `Accept`; nor one whose length is
//! not known beforehand, or that is large. Who the caller is, and whether they may, is decided before, as for any answer: where that
//! cannot be found out either, nothing is served.
//!
//! **`read_only`** is for routes that change something: while few calls may pass, those are left to routes that only read.

mod config;
mod fallback;
mod last;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Clock;
use serde::Serialize;

use crate::ErrorCode;
use crate::telemetry::metrics::Family;

pub use config::DegradationSettings;
use last::LastAnswers;

/// What a route does while the database is not well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Degradation {
    /// It says that it cannot answer, and when to come back.
    #[default]
    Fail,
    /// It gives its last good answer, if that is no older than this.
    Stale(#[serde(serialize_with = "whole_seconds")] Duration),
    /// It is not even tried until the database is well again.
    ReadOnly,
}

const DEGRADED: Family = Family::counter(
    "degraded_answers_total",
    &["kind"],
    "Answers given for want of a database: `stale` ones, and `read_only` refusals.",
);

pub(crate) const FAMILIES: &[Family] = &[DEGRADED];

/// How long the circuit of the database refuses calls yet; `None` while it is closed.
pub type Circuit = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

/// What routes share to degrade with.
#[derive(Clone)]
pub struct Degraded {
    last: Option<Arc<LastAnswers>>,
    circuit: Circuit,
}

impl Degraded {
    /// With room for answers, and a circuit to ask.
    pub fn new(settings: DegradationSettings, clock: &Clock, circuit: Circuit) -> Self {
        let last = (settings.kept_bytes > 0).then(|| Arc::new(LastAnswers::new(settings.kept_bytes, clock)));
        Self { last, circuit }
    }

    /// How long the circuit refuses calls yet.
    pub(crate) fn circuit(&self) -> Circuit {
        Arc::clone(&self.circuit)
    }

    /// For listeners without a database: nothing is kept, and nothing is out.
    pub fn never() -> Self {
        Self { last: None, circuit: Arc::new(|| None) }
    }
}

impl fmt::Debug for Degraded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Degraded").finish_non_exhaustive()
    }
}

/// As it stands in lists of routes: `fail`, `stale:1m`, `read_only`.
impl fmt::Display for Degradation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => formatter.write_str("fail"),
            Self::Stale(max_age) => write!(formatter, "stale:{}s", max_age.as_secs()),
            Self::ReadOnly => formatter.write_str("read_only"),
        }
    }
}

fn whole_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// Whether a refusal is for the database's sake: then the last good answer may stand in.
fn is_outage(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PoolExhausted
            | ErrorCode::DatabaseUnavailable
            | ErrorCode::QueryTimeout
            | ErrorCode::CircuitOpen
    )
}
