//! Why the service is not ready.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps a service from being ready for as long as somebody has a reason. Clones share the reasons.
///
/// ```
/// use mainstay::health::Readiness;
///
/// let readiness = Readiness::default();
/// let migrating = readiness.hold("migrating");
/// assert_eq!(readiness.reason(), Some("migrating"));
/// drop(migrating);
/// assert_eq!(readiness.reason(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    draining: bool,
    next: u64,
    reasons: Vec<(u64, &'static str)>,
}

/// A reason not to be ready, until it is dropped.
#[derive(Debug)]
#[must_use = "the reason is gone as soon as the latch is dropped"]
pub struct Latch {
    id: u64,
    readiness: Readiness,
}

impl Readiness {
    /// Adds a reason, a word such as `migrating`, that holds until the latch is dropped.
    pub fn hold(&self, reason: &'static str) -> Latch {
        let mut held = self.lock();
        let id = held.next;
        held.next += 1;
        held.reasons.push((id, reason));
        Latch { id, readiness: self.clone() }
    }

    /// The reason not to be ready: the newest, but once the drain has begun that.
    pub fn reason(&self) -> Option<&'static str> {
        let held = self.lock();
        if held.draining { Some("draining") } else { held.reasons.last().map(|(_, reason)| *reason) }
    }

    /// Says that the process is stopping. There is no way back.
    pub fn drain(&self) {
        self.lock().draining = true;
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // A list of plain values: a panic elsewhere cannot leave it half written.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.readiness.lock().reasons.retain(|(id, _)| *id != self.id);
    }
}
