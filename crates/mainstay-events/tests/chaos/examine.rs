//! What a reader that remembers only the last position has seen, against what was acknowledged.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Events that were acknowledged.
    pub(crate) appended: usize,
    /// Of these, events that the reader never saw.
    pub(crate) skipped: usize,
    /// Events that are in the log twice, or that the reader saw twice.
    pub(crate) doubled: usize,
    /// Rows of the read models that are not what the log adds up to.
    pub(crate) wrong_rows: usize,
    /// Processes that were killed.
    pub(crate) kills: usize,
    /// From the first append to the last.
    pub(crate) took: Duration,
}

impl Verdict {
    /// Compares what was acknowledged with what a reader saw, in its order.
    pub(crate) fn of(acknowledged: &BTreeSet<u64>, seen: &[(u64, u64)]) -> Self {
        let mut times: HashMap<u64, usize> = HashMap::new();
        for (_, note) in seen {
            *times.entry(*note).or_default() += 1;
        }
        let skipped = acknowledged.iter().filter(|note| !times.contains_key(note)).count();
        let doubled = times.values().map(|times| times - 1).sum();
        Self { appended: acknowledged.len(), skipped, doubled, ..Self::default() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { appended, skipped, doubled, wrong_rows, kills, took } = self;
        write!(
            f,
            "{appended} events in {:.1} s, {kills} kills: {skipped} skipped, {doubled} doubled, {wrong_rows} wrong rows",
            took.as_secs_f64()
        )
    }
}
