//! What is read off every few seconds rather than counted as it happens: connections.

use super::{Family, Metrics};
use crate::accept::ConnectionSnapshot;

const CONNECTIONS: Family = Family::gauge("http_connections", &["listener"], "Open client connections.");
const EVENTS: Family = Family::counter(
    "http_connection_events_total",
    &["listener", "event"],
    "What happened to client connections.",
);

pub(super) const FAMILIES: &[Family] = &[CONNECTIONS, EVENTS];

impl Metrics {
    /// Notes how the client connections of a listener stand.
    pub fn note_connections(&self, listener: &'static str, now: &ConnectionSnapshot) {
        #[expect(clippy::cast_precision_loss, reason = "numbers of connections are small")]
        CONNECTIONS.gauge_in(self.recorder(), &[listener]).set(now.open as f64);
        for (event, total) in [
            ("accepted", now.accepted),
            ("refused_full", now.refused_full),
            ("refused_address", now.refused_address),
            ("evicted", now.evicted),
            ("timed_out", now.timed_out),
            ("malformed", now.malformed),
            ("accept_error", now.accept_errors),
        ] {
            EVENTS.counter_in(self.recorder(), &[listener, event]).absolute(total);
        }
    }
}
