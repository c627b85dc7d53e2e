//! What evaluations cost, and what they find.

use std::sync::Arc;
use std::time::Duration;

use mainstay::telemetry::metrics::{Family, Metrics};
use metrics::{Counter, Histogram};

const SECONDS: Family =
    Family::seconds("evaluation_seconds", &["kind"], "Evaluations, to the last byte of their answers.");

const PAIRS: Family = Family::counter(
    "evaluation_pairs_total",
    &["result"],
    "Pairs compared by the evaluation of pairs, items and matrices.",
);

/// The metrics of this module, for the help of `/metrics`.
pub const FAMILIES: &[Family] = &[SECONDS, PAIRS];

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Pair,
    Matrix,
    Item,
    ClusterValidate,
    ClusterCandidates,
    Clusters,
}

impl Question {
    const ALL: [Self; 6] = [
        Self::Pair,
        Self::Matrix,
        Self::Item,
        Self::ClusterValidate,
        Self::ClusterCandidates,
        Self::Clusters,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Matrix => "matrix",
            Self::Item => "item",
            Self::ClusterValidate => "cluster_validate",
            Self::ClusterCandidates => "cluster_candidates",
            Self::Clusters => "clusters",
        }
    }
}

/// Counts and times evaluations. Its handles are made once, so that counting allocates nothing.
#[derive(Clone)]
pub(super) struct Meter {
    handles: Arc<Handles>,
}

struct Handles {
    seconds: [Histogram; Question::ALL.len()],
    compatible: Counter,
    incompatible: Counter,
}

impl Meter {
    pub(super) fn new(metrics: &Metrics) -> Self {
        metrics.describe(FAMILIES);
        let recorder = metrics.recorder();
        Self {
            handles: Arc::new(Handles {
                seconds: Question::ALL.map(|question| SECONDS.histogram_in(recorder, &[question.label()])),
                compatible: PAIRS.counter_in(recorder, &["compatible"]),
                incompatible: PAIRS.counter_in(recorder, &["incompatible"]),
            }),
        }
    }

    /// Notes that a question was answered.
    pub(super) fn answered(&self, question: Question, took: Duration) {
        self.handles.seconds[question as usize].record(took);
    }

    /// Notes how many pairs were compared.
    pub(super) fn compared(&self, pairs: usize, compatible: usize) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.handles.compatible.increment(count(compatible));
        self.handles.incompatible.increment(count(pairs.saturating_sub(compatible)));
    }
}
