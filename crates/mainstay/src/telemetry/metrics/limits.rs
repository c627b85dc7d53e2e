//! What is counted of limits.

use std::sync::Arc;

use metrics::Counter;
use metrics_exporter_prometheus::PrometheusRecorder;

use super::Family;
use crate::limits::Mode;

const DECISIONS: Family = Family::counter(
    "rate_limit_decisions_total",
    &["class", "decision", "mode"],
    "Decisions of limits, by class, what was decided, and who decided.",
);

pub(super) const FAMILIES: &[Family] = &[DECISIONS];

/// Counts decisions of limits.
#[derive(Clone)]
pub struct LimitMeter {
    recorder: Arc<PrometheusRecorder>,
}

/// Counts the decisions of one class.
#[derive(Clone)]
pub struct ClassMeter {
    counters: Arc<[[Counter; 2]; Mode::ALL.len()]>,
}

impl LimitMeter {
    pub(super) fn new(recorder: &Arc<PrometheusRecorder>) -> Self {
        Self { recorder: Arc::clone(recorder) }
    }

    /// The meter of a class.
    pub fn class(&self, name: &str) -> ClassMeter {
        let counter =
            |decision, mode: Mode| DECISIONS.counter_in(&*self.recorder, &[name, decision, mode.as_str()]);
        let counters = Mode::ALL.map(|mode| ["refused", "admitted"].map(|decision| counter(decision, mode)));
        ClassMeter { counters: Arc::new(counters) }
    }
}

impl ClassMeter {
    /// Counts a decision.
    pub fn count(&self, is_admitted: bool, mode: Mode) {
        let place = Mode::ALL.iter().position(|known| *known == mode);
        if let Some(pair) = place.and_then(|place| self.counters.get(place)) {
            pair[usize::from(is_admitted)].increment(1);
        }
    }
}
