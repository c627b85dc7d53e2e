//! What is read off every few seconds rather than counted as it happens: connections and admission.

use super::{Family, Metrics};
use crate::accept::ConnectionSnapshot;
use crate::admission::AdmissionSnapshot;
use crate::routes::Priority;

const CONNECTIONS: Family = Family::gauge("http_connections", &["listener"], "Open client connections.");
const EVENTS: Family = Family::counter(
    "http_connection_events_total",
    &["listener", "event"],
    "What happened to client connections.",
);

const LIMIT: Family = Family::gauge(
    "admission_limit",
    &["listener", "lane"],
    "Most requests that are worked on at once, as the limit stands.",
);
const IN_FLIGHT: Family =
    Family::gauge("admission_in_flight", &["listener", "lane"], "Requests that are worked on.");
const QUEUED: Family =
    Family::gauge("admission_queued", &["listener", "lane"], "Requests that wait for their turn.");
const OVERLOADED: Family = Family::gauge(
    "admission_overloaded",
    &["listener", "lane"],
    "1 while work comes faster than it is done.",
);
const DECISIONS: Family = Family::counter(
    "admission_decisions_total",
    &["listener", "lane", "priority", "decision"],
    "Requests that were let in, and that were turned away.",
);

pub(super) const FAMILIES: &[Family] =
    &[CONNECTIONS, EVENTS, LIMIT, IN_FLIGHT, QUEUED, OVERLOADED, DECISIONS];

impl Metrics {
    /// Notes how the admission of a listener stands.
    pub fn note_admission(&self, listener: &'static str, now: &AdmissionSnapshot) {
        for lane in &now.lanes {
            let labels = [listener, lane.cost.as_str()];
            let set = |family: Family, value: u32| {
                family.gauge_in(self.recorder(), &labels).set(f64::from(value));
            };
            set(LIMIT, lane.limit);
            set(IN_FLIGHT, lane.in_flight);
            set(QUEUED, lane.queued);
            set(OVERLOADED, u32::from(lane.overloaded));
            for priority in Priority::ALL {
                for (decision, totals) in [("admitted", &lane.admitted), ("turned_away", &lane.turned_away)] {
                    let labels = [listener, lane.cost.as_str(), priority.as_str(), decision];
                    DECISIONS.counter_in(self.recorder(), &labels).absolute(totals[priority.index()]);
                }
            }
        }
    }

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
