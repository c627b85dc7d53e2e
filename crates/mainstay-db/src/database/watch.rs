//! Whether the permits that are out belong to leases that are alive.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::gate::Gate;

/// How long permits must be missing before they are taken for lost: longer than one is ever on its way from the
/// gate to its lease.
const DOUBT: Duration = Duration::from_secs(2);

/// Counts leases apart from the permits they hold.
#[derive(Debug, Default)]
pub(super) struct Watch {
    alive: Arc<AtomicUsize>,
    /// Since when how many permits were missing.
    missing: Mutex<Option<(Instant, usize)>>,
}

/// One lease that is alive.
#[derive(Debug)]
pub(super) struct Watched {
    alive: Arc<AtomicUsize>,
}

impl Watch {
    pub(super) fn lease(&self) -> Watched {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Watched { alive: Arc::clone(&self.alive) }
    }

    /// Compares the two counts, and gives the gate back what has been missing for a while. Says how many those are.
    pub(super) fn look(&self, gate: &Arc<Gate>, now: Instant) -> usize {
        let alive = self.alive.load(Ordering::Relaxed);
        let in_use = gate.in_use();
        let missing_now = in_use.saturating_sub(alive);
        // One pair of plain values: a panic elsewhere cannot leave it half written.
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        match *missing {
            _ if missing_now == 0 => {
                *missing = None;
                0
            }
            Some((since, count)) if now - since >= DOUBT => {
                *missing = None;
                gate.reconcile(in_use - missing_now.min(count))
            }
            Some((since, count)) => {
                *missing = Some((since, count.min(missing_now)));
                0
            }
            None => {
                *missing = Some((now, missing_now));
                0
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use mainstay_core::Clock;

    use super::*;

    #[test]
    fn permits_without_a_lease_are_found_after_a_while() {
        let (clock, hands) = Clock::manual();
        let (gate, watch) = (Gate::new(3), Watch::default());
        let enter = || gate.enter(true).now_or_never().expect("free").expect("open");
        let held = (enter(), watch.lease());
        std::mem::forget(enter());
        let on_its_way = enter();
        assert_eq!(watch.look(&gate, clock.now()), 0, "a first doubt about two");
        let arrived = (on_its_way, watch.lease());
        hands.advance(DOUBT / 2);
        assert_eq!(watch.look(&gate, clock.now()), 0, "one of them has arrived");
        hands.advance(DOUBT);
        assert_eq!(watch.look(&gate, clock.now()), 1);
        assert_eq!(gate.in_use(), 2);
        drop((held, arrived));
        hands.advance(DOUBT);
        assert_eq!((watch.look(&gate, clock.now()), gate.in_use()), (0, 0));
    }
}
