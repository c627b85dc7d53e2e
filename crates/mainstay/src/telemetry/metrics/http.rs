//! What is counted of each HTTP request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::Family;
use crate::refusal::ErrorCode;

const REQUESTS: Family = Family::counter(
    "http_requests_total",
    &["method", "route", "status"],
    "Requests answered, by method, route template and status.",
);
const DURATION: Family = Family::seconds(
    "http_request_duration_seconds",
    &["method", "route"],
    "Time from the head of the request to the head of the answer.",
);
const IN_FLIGHT: Family =
    Family::gauge("http_requests_in_flight", &[], "Requests that are being answered now.");
const REFUSALS: Family = Family::counter("http_refusals_total", &["code"], "Refusals, by error code.");
const STAMP_MISSING: Family = Family::counter(
    "control_stamp_missing_total",
    &[],
    "Answers withheld because a control of the route had not run.",
);

pub(super) const FAMILIES: &[Family] = &[REQUESTS, DURATION, IN_FLIGHT, REFUSALS, STAMP_MISSING];

/// The statuses that get a series of their own; any other counts under the first of its hundred.
const STATUSES: [u16; 36] = [
    100, 101, 200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408,
    409, 410, 412, 413, 414, 415, 422, 429, 431, 500, 501, 502, 503, 504, 505,
];

/// Counts HTTP requests. Clones share the counters.
#[derive(Clone)]
pub struct HttpMeter {
    shared: Arc<Shared>,
}

struct Shared {
    recorder: Arc<PrometheusRecorder>,
    in_flight: Gauge,
    refusals: Vec<(ErrorCode, Counter)>,
    stamp_missing: Counter,
}

/// Counts the requests of one route: made with the route, so that a request looks nothing up.
#[derive(Clone)]
pub struct RouteMeter {
    route: Arc<Route>,
}

struct Route {
    recorder: Arc<PrometheusRecorder>,
    method: String,
    template: String,
    duration: Histogram,
    /// Made at the first answer of each status: most routes only ever give a few.
    statuses: [OnceLock<Counter>; STATUSES.len()],
    in_hand: AtomicUsize,
}

/// A request that is being answered, until this is dropped.
pub struct InFlight {
    gauge: Gauge,
}

impl HttpMeter {
    pub(super) fn new(recorder: &Arc<PrometheusRecorder>) -> Self {
        let refusal = |code: &ErrorCode| (*code, REFUSALS.counter_in(&**recorder, &[code.as_str()]));
        let shared = Shared {
            recorder: Arc::clone(recorder),
            in_flight: IN_FLIGHT.gauge_in(&**recorder, &[]),
            refusals: ErrorCode::ALL.iter().map(refusal).collect(),
            stamp_missing: STAMP_MISSING.counter_in(&**recorder, &[]),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The meter of a route. `template` is the route as registered, never a path that a client sent.
    pub fn route(&self, method: &str, template: &str) -> RouteMeter {
        let recorder = Arc::clone(&self.shared.recorder);
        let duration = DURATION.histogram_in(&*recorder, &[method, template]);
        let statuses = [const { OnceLock::new() }; STATUSES.len()];
        let (method, template) = (method.to_owned(), template.to_owned());
        let in_hand = AtomicUsize::new(0);
        RouteMeter { route: Arc::new(Route { recorder, method, template, duration, statuses, in_hand }) }
    }

    /// Counts a request as being answered until the guard is dropped.
    pub fn begin(&self) -> InFlight {
        let gauge = self.shared.in_flight.clone();
        gauge.increment(1.0);
        InFlight { gauge }
    }

    /// Counts a refusal.
    pub fn refused(&self, code: ErrorCode) {
        if let Some((_, counter)) = self.shared.refusals.iter().find(|(known, _)| *known == code) {
            counter.increment(1);
        }
    }

    /// Counts an answer that was withheld because a control had not run.
    pub fn stamp_missing(&self) {
        self.shared.stamp_missing.increment(1);
    }
}

impl RouteMeter {
    /// Notes that the route has a request in hand.
    pub(crate) fn enter(&self) {
        self.route.in_hand.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the request, and its answer to the last byte, is gone.
    pub(crate) fn leave(&self) {
        self.route.in_hand.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many requests the route has in hand: to name those that a stop has to cut.
    pub(crate) fn in_hand(&self) -> usize {
        self.route.in_hand.load(Ordering::Relaxed)
    }

    /// Counts an answer and the time it took.
    pub fn record(&self, status: u16, took: Duration) {
        self.route.duration.record(took.as_secs_f64());
        let index = status_index(status);
        if let (Some(slot), Some(status)) = (self.route.statuses.get(index), STATUSES.get(index)) {
            slot.get_or_init(|| self.route.counter(*status)).increment(1);
        }
    }
}

impl Route {
    fn counter(&self, status: u16) -> Counter {
        REQUESTS.counter_in(&*self.recorder, &[&self.method, &self.template, &status.to_string()])
    }
}

fn status_index(status: u16) -> usize {
    let hundred = (status / 100).clamp(1, 5) * 100;
    let find = |status| STATUSES.binary_search(&status);
    find(status).or_else(|_| find(hundred)).unwrap_or_default()
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}
