//! What was compiled, by name and state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::domain::Name;

/// Keeps one value for each name: that of the newest state asked for.
///
/// Whoever asks for a state that is not there makes the value, and all who ask meanwhile wait for it. When the
/// values together are too large, those that were not asked for the longest go.
#[derive(Debug)]
pub(super) struct Cache<R, V> {
    limits: CacheLimits,
    store: Mutex<Store<R, V>>,
}

/// How much a cache keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CacheLimits {
    /// Most bytes of memory, as estimated by [`Weigh`].
    pub(super) bytes: usize,
    /// Most values.
    pub(super) entries: usize,
}

/// How much memory a value takes.
pub(super) trait Weigh {
    /// An estimate in bytes.
    fn bytes(&self) -> usize;
}

#[derive(Debug)]
struct Store<R, V> {
    kept: HashMap<Name, Kept<R, V>>,
    /// The sum of the values' bytes.
    bytes: usize,
    /// Counts the questions, to tell which values were asked for last.
    asked: u64,
}

#[derive(Debug)]
struct Kept<R, V> {
    slot: Arc<Slot<R, V>>,
    /// 0 while the value is being made.
    bytes: usize,
    asked: u64,
}

/// The place of a value that may still be in the making.
#[derive(Debug)]
struct Slot<R, V> {
    revision: R,
    cell: OnceCell<Arc<V>>,
}

impl<R: Copy + Eq, V: Weigh> Cache<R, V> {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self { limits, store: Mutex::new(Store { kept: HashMap::new(), bytes: 0, asked: 0 }) }
    }

    /// The value of a name in a state, made by `make` unless it is there.
    ///
    /// # Errors
    ///
    /// Those of `make`. Others who wait then try for themselves.
    ///
    /// # Cancel safety
    ///
    /// Safe: if whoever makes the value goes away, one of those who wait begins anew.
    pub(super) async fn get<E>(
        &self,
        name: &Name,
        revision: R,
        make: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        let slot = self.slot(name, revision);
        if let Some(value) = slot.cell.get() {
            return Ok(Arc::clone(value));
        }
        let make = async || {
            let value = Arc::new(make().await?);
            self.weigh(name, &slot, value.bytes());
            Ok(value)
        };
        slot.cell.get_or_try_init(make).await.cloned()
    }

    /// Drops what is kept under a name.
    pub(super) fn forget(&self, name: &Name) {
        self.store().remove(name);
    }

    /// The slot of a state, which takes the place of any other state's.
    fn slot(&self, name: &Name, revision: R) -> Arc<Slot<R, V>> {
        let mut store = self.store();
        store.asked += 1;
        let asked = store.asked;
        if let Some(kept) = store.kept.get_mut(name)
            && kept.slot.revision == revision
        {
            kept.asked = asked;
            return Arc::clone(&kept.slot);
        }
        store.remove(name);
        let slot = Arc::new(Slot { revision, cell: OnceCell::new() });
        store.kept.insert(name.clone(), Kept { slot: Arc::clone(&slot), bytes: 0, asked });
        store.make_room(self.limits);
        slot
    }

    /// Notes how large the value of a slot is, if that is still on the store.
    fn weigh(&self, name: &Name, slot: &Arc<Slot<R, V>>, bytes: usize) {
        let mut store = self.store();
        let Some(kept) = store.kept.get_mut(name).filter(|kept| Arc::ptr_eq(&kept.slot, slot)) else {
            return;
        };
        kept.bytes = bytes;
        store.bytes += bytes;
        if bytes > self.limits.bytes {
            // Alone too large: no reason to let all others go.
            store.remove(name);
        }
        store.make_room(self.limits);
    }

    fn store(&self) -> MutexGuard<'_, Store<R, V>> {
        // Each change is made whole before anything can panic.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R, V> Store<R, V> {
    fn remove(&mut self, name: &Name) {
        if let Some(kept) = self.kept.remove(name) {
            self.bytes -= kept.bytes;
        }
    }

    fn make_room(&mut self, limits: CacheLimits) {
        while self.bytes > limits.bytes || self.kept.len() > limits.entries {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.asked);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            self.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests;
