//! What is counted of sessions.

use std::time::Duration;

use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::Family;

const HITS: Family =
    Family::counter("session_cache_hits_total", &[], "Requests whose session was in the cache.");
const MISSES: Family =
    Family::counter("session_cache_misses_total", &[], "Requests whose session had to be asked for.");
const BYPASSES: Family = Family::counter(
    "session_cache_bypasses_total",
    &[],
    "Requests whose session was asked for because the cache is off or may not be trusted.",
);
const REVOCATION: Family = Family::seconds(
    "session_revocation_seconds",
    &[],
    "From the wish to end sessions to the moment from which no request passes with them.",
);

pub(super) const FAMILIES: &[Family] = &[HITS, MISSES, BYPASSES, REVOCATION];

/// Counts what happens to sessions. Clones share the counters.
#[derive(Clone)]
pub struct SessionMeter {
    hits: Counter,
    misses: Counter,
    bypasses: Counter,
    revocation: Histogram,
}

impl SessionMeter {
    pub(super) fn new(recorder: &PrometheusRecorder) -> Self {
        Self {
            hits: HITS.counter_in(recorder, &[]),
            misses: MISSES.counter_in(recorder, &[]),
            bypasses: BYPASSES.counter_in(recorder, &[]),
            revocation: REVOCATION.histogram_in(recorder, &[]),
        }
    }

    /// Counts a session that was in the cache.
    pub fn hit(&self) {
        self.hits.increment(1);
    }

    /// Counts a session that was not in the cache.
    pub fn miss(&self) {
        self.misses.increment(1);
    }

    /// Counts a session that the cache was not asked for.
    pub fn bypass(&self) {
        self.bypasses.increment(1);
    }

    /// Records how long it took to end sessions.
    pub fn revoked(&self, took: Duration) {
        self.revocation.record(took.as_secs_f64());
    }
}
