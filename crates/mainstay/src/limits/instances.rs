//! How many instances count each for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many instances of the service are known to be there. Clones share it.
///
/// Limits in memory belong to one instance. Where there are more, each takes its part of the rate, so that all together
/// let through about as much as the rate says; without that, every further instance would add a whole rate.
#[derive(Clone, Debug)]
pub struct Instances {
    count: Arc<AtomicU32>,
}

impl Default for Instances {
    /// This one alone.
    fn default() -> Self {
        Self { count: Arc::new(AtomicU32::new(1)) }
    }
}

impl Instances {
    /// How many there are, this one included.
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes how many there are; true if that is news.
    pub fn note(&self, count: u32) -> bool {
        let count = count.max(1);
        self.count.swap(count, Ordering::Relaxed) != count
    }
}
