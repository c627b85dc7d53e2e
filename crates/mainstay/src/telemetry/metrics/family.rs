//! How a metric is declared.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder};

/// Buckets for durations of requests and queries, in seconds: from half a millisecond to a minute.
pub const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Buckets for sizes of batches, in items: powers of two.
pub const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Sorts values into buckets.
    Histogram,
}

/// The declaration of a metric: all its series share the name and the label names.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name on `/metrics`.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// The names of its labels. Their values are from bounded sets.
    pub labels: &'static [&'static str],
    /// One sentence for the reader of `/metrics`.
    pub help: &'static str,
    /// Upper bounds of a histogram's buckets, ascending; empty for the other kinds.
    pub buckets: &'static [f64],
}

impl Family {
    /// Declares a counter.
    pub const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, labels, help, buckets: &[] }
    }

    /// Declares a gauge.
    pub const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, labels, help, buckets: &[] }
    }

    /// Declares a histogram of durations in seconds, with the buckets [`SECONDS`].
    pub const fn seconds(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, labels, help, buckets: SECONDS }
    }

    /// Declares a histogram of sizes in items, with the buckets [`SIZES`]. Its name ends in `_size`: by that
    /// the recorder knows the buckets of families that are described after it was made.
    pub const fn sizes(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, labels, help, buckets: SIZES }
    }

    /// The counter with these label values, in the order of [`Family::labels`].
    pub fn counter_in(&self, recorder: &impl Recorder, values: &[&str]) -> Counter {
        recorder.register_counter(&self.key(values), &METADATA)
    }

    /// The gauge with these label values, in the order of [`Family::labels`].
    pub fn gauge_in(&self, recorder: &impl Recorder, values: &[&str]) -> Gauge {
        recorder.register_gauge(&self.key(values), &METADATA)
    }

    /// The histogram with these label values, in the order of [`Family::labels`].
    pub fn histogram_in(&self, recorder: &impl Recorder, values: &[&str]) -> Histogram {
        recorder.register_histogram(&self.key(values), &METADATA)
    }

    pub(super) fn describe(&self, recorder: &impl Recorder) {
        let name = KeyName::from_const_str(self.name);
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, None, self.help.into()),
            Kind::Gauge => recorder.describe_gauge(name, None, self.help.into()),
            Kind::Histogram => recorder.describe_histogram(name, None, self.help.into()),
        }
    }

    fn key(&self, values: &[&str]) -> Key {
        debug_assert_eq!(self.labels.len(), values.len(), "the labels of {}", self.name);
        let pairs = self.labels.iter().zip(values);
        let labels: Vec<_> = pairs.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
        Key::from_parts(self.name, labels)
    }
}

/// The exporter takes no notice of it, but the interface demands it.
static METADATA: Metadata<'static> = Metadata::new("mainstay", Level::INFO, None);
