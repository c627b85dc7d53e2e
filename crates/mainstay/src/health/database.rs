//! What operators are told of the database beyond whether it answers.

use std::collections::BTreeMap;

use mainstay_db::{CircuitStatus, Database, PoolStatus};
use schemars::JsonSchema;
use serde::Serialize;

/// The pools and the circuit breaker of the database.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DatabaseBody {
    /// The pools, by class of work.
    pub pools: BTreeMap<&'static str, PoolBody>,
    /// The circuit breaker.
    pub breaker: BreakerBody,
}

/// A pool of connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PoolBody {
    /// Connections on loan.
    pub in_use: usize,
    /// Callers that wait for one.
    pub waiting: usize,
    /// Connections that are open.
    pub size: usize,
    /// Most connections at once.
    pub max: usize,
}

/// How the circuit breaker stands, and what it judges by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct BreakerBody {
    /// `closed`: calls pass. `open`: they are refused. `half_open`: a few pass as trials.
    pub state: &'static str,
    /// Whether probes are not answered, so that nobody is kept waiting.
    pub stands_still: bool,
    /// Seconds until it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuses_for_seconds: Option<f64>,
    /// Uses of the database in the window.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// How often it opened since the start.
    pub opened_total: u64,
    /// What it judges by.
    pub thresholds: ThresholdsBody,
}

/// What a circuit breaker judges by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ThresholdsBody {
    /// How far back uses count.
    pub window_seconds: f64,
    /// Fewer uses are not judged.
    pub min_calls: u32,
    /// It opens from this share of failures on.
    pub failure_percent: u32,
    /// It opens from this share of slow uses on.
    pub slow_percent: u32,
    /// From here on a statement is slow.
    pub slow_call_seconds: f64,
    /// How long it stays open at first.
    pub open_seconds: f64,
    /// How long it stays open at most.
    pub open_max_seconds: f64,
}

impl DatabaseBody {
    pub(super) fn of(database: &Database) -> Self {
        let pools = database.pools().into_iter().map(|pool| (pool.name, PoolBody::from(pool))).collect();
        Self { pools, breaker: database.circuit().into() }
    }
}

impl From<PoolStatus> for PoolBody {
    fn from(PoolStatus { in_use, waiting, size, max, .. }: PoolStatus) -> Self {
        Self { in_use, waiting, size, max }
    }
}

impl From<CircuitStatus> for BreakerBody {
    fn from(circuit: CircuitStatus) -> Self {
        let (breaker, settings) = (circuit.breaker, circuit.settings);
        Self {
            state: breaker.state.as_str(),
            stands_still: circuit.stands_still,
            refuses_for_seconds: circuit.refuses_for.map(|wait| wait.as_secs_f64()),
            calls: breaker.calls,
            failures: breaker.failures,
            slow: breaker.slow,
            opened_total: breaker.opened,
            thresholds: ThresholdsBody {
                window_seconds: settings.window.as_secs_f64(),
                min_calls: settings.least_calls,
                failure_percent: settings.failure_percent,
                slow_percent: settings.slow_percent,
                slow_call_seconds: settings.slow_call.as_secs_f64(),
                open_seconds: settings.open_for.as_secs_f64(),
                open_max_seconds: settings.open_for_most.as_secs_f64(),
            },
        }
    }
}
