//! Metrics: what the process counts, rendered for Prometheus.
//!
//! Each metric is declared once, as a [`Family`] with its kind, labels, buckets and help; a family's module
//! then hands out handles that are made at start, so that counting a request allocates nothing. Code that
//! knows no handle may use the macros of the `metrics` crate: [`Metrics::install`] makes this the recorder of
//! the whole process.
//!
//! ```
//! use std::time::Duration;
//! use mainstay::telemetry::metrics::Metrics;
//!
//! let metrics = Metrics::new();
//! let meter = metrics.http().route("GET", "/things/{id}");
//! meter.record(200, Duration::from_millis(3));
//! let text = metrics.render();
//! assert!(text.contains(r#"http_requests_total{method="GET",route="/things/{id}",status="200"} 1"#));
//! ```

mod family;
mod http;
mod levels;
mod limits;
mod routes;
mod session;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::controls::csrf;
use crate::degradation;

pub use family::{Family, Kind, SECONDS, SIZES};
pub use http::{HttpMeter, InFlight, RouteMeter};
pub use limits::{ClassMeter, LimitMeter};
pub use routes::{routes, routes_for_operators};
pub use session::SessionMeter;

/// Families of the other modules, for the help of `/metrics` and the reference.
pub const FAMILIES: &[&[Family]] = &[
    http::FAMILIES,
    levels::FAMILIES,
    limits::FAMILIES,
    session::FAMILIES,
    csrf::FAMILIES,
    degradation::FAMILIES,
    DATABASE,
    PROCESS,
];

/// What the crate of the database counts by itself.
const DATABASE: &[Family] = &[
    Family::gauge("db_pool_size", &["pool"], "Open database connections, idle ones included."),
    Family::gauge("db_pool_in_use", &["pool"], "Database connections on loan."),
    Family::gauge("breaker_state", &["dependency"], "Circuit breakers: 0 closed, 1 half open, 2 open."),
    Family::counter(
        "breaker_transitions_total",
        &["dependency", "to"],
        "Changes of circuit breakers, by the state they changed to.",
    ),
    Family::seconds("db_pool_wait_seconds", &["pool"], "Waits for a database connection."),
    Family::counter(
        "db_pool_permits_lost_total",
        &["pool"],
        "Places in a pool that nobody held any more, and that were made anew.",
    ),
    Family::counter(
        "db_transactions_repeated_total",
        &[],
        "Transactions that gave way to another one and were begun anew.",
    ),
];

/// What the process itself counts.
const PROCESS: &[Family] = &[
    Family::counter("worker_restarts_total", &["worker"], "Restarts of supervised workers."),
    Family::gauge("workers_faulted", &[], "Workers that have failed too often and stay down."),
    Family::seconds("runtime_stall_seconds", &[], "Stalls of the runtime of a quarter of a second or more."),
    Family::gauge("posture_info", &["hash"], "1, with a hash of all that is demanded of requests."),
];

/// How often values that nobody scrapes are folded into their buckets. Without this they pile up.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The recorder of the process. Clones share it.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    http: HttpMeter,
    sessions: SessionMeter,
    limits: LimitMeter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A recorder of its own, for tests; a process takes [`Metrics::install`].
    pub fn new() -> Self {
        let families = || FAMILIES.iter().copied().flatten();
        let builder = families().filter(|family| !family.buckets.is_empty()).fold(
            PrometheusBuilder::new(),
            |builder, family| {
                let matcher = Matcher::Full(family.name.to_owned());
                // Fails for an empty list only, which the filter keeps away.
                builder.set_buckets_for_metric(matcher, family.buckets).unwrap_or_default()
            },
        );
        // What no family declares gets buckets as well: a summary would keep each value.
        let sizes = Matcher::Suffix("_size".to_owned());
        let builder = builder.set_buckets_for_metric(sizes, SIZES).unwrap_or_default();
        let builder = builder.set_buckets(SECONDS).unwrap_or_default();
        let recorder = Arc::new(builder.build_recorder());
        families().for_each(|family| family.describe(&*recorder));
        let handle = recorder.handle();
        let http = HttpMeter::new(&recorder);
        let sessions = SessionMeter::new(&recorder);
        let limits = LimitMeter::new(&recorder);
        Self { recorder, handle, http, sessions, limits }
    }

    /// The recorder of the process, made at the first call, which the macros of the `metrics` crate use too.
    pub fn install() -> Self {
        static PROCESS: OnceLock<Metrics> = OnceLock::new();
        let install = || {
            let metrics = Self::new();
            if metrics::set_global_recorder(Arc::clone(&metrics.recorder)).is_err() {
                tracing::warn!("another recorder of metrics is installed: what libraries count is not shown");
            }
            metrics
        };
        PROCESS.get_or_init(install).clone()
    }

    /// The meter of HTTP requests.
    pub fn http(&self) -> &HttpMeter {
        &self.http
    }

    /// Describes families of an application, or of a library that knows no catalogue, for the reader of
    /// `/metrics`. Their histograms have the buckets [`SIZES`] if their name ends in `_size`, else [`SECONDS`].
    pub fn describe(&self, families: &[Family]) {
        for family in families {
            family.describe(&*self.recorder);
        }
    }

    /// The meter of sessions.
    pub fn sessions(&self) -> &SessionMeter {
        &self.sessions
    }

    /// The meter of limits.
    pub fn limits(&self) -> &LimitMeter {
        &self.limits
    }

    /// The recorder, to register handles with.
    pub fn recorder(&self) -> &PrometheusRecorder {
        &self.recorder
    }

    /// All values in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded values into their buckets; to be called every [`UPKEEP_INTERVAL`].
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}
