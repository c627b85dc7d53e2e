//! The registry that every task belongs to.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Starts tasks under a name, knows which still run, and tells when one panicked.
///
/// Nothing is spawned outside a registry (`clippy.toml` forbids it), so at the end of a process the ones
/// that are late can be named. Clones share the registry.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use mainstay_core::Tasks;
///
/// let tasks = Tasks::new();
/// let answer = tasks.spawn("answer", async { 42 });
/// assert_eq!(answer.await.unwrap(), 42);
/// tasks.finished().await;
/// assert!(tasks.running().is_empty());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    shared: Arc<Shared>,
}

/// The name of a task that panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked(pub &'static str);

#[derive(Debug)]
struct Shared {
    running: Mutex<BTreeMap<&'static str, usize>>,
    panicked: watch::Sender<Option<Panicked>>,
}

/// Counts a task for as long as its future lives, also when that is dropped half way.
struct Counted {
    name: &'static str,
    shared: Arc<Shared>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// An empty registry.
    pub fn new() -> Self {
        let shared = Shared { running: Mutex::default(), panicked: watch::Sender::new(None) };
        Self { tracker: TaskTracker::new(), shared: Arc::new(shared) }
    }

    /// Starts a task. A panic in it is reported by [`Tasks::panicked`] and then goes on into the handle.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let counted = self.count(name);
        let watched = async move {
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            counted.settle(outcome)
        };
        self.tracker.spawn(watched.in_current_span())
    }

    /// Starts blocking work on the blocking pool.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn_blocking<F, T>(&self, name: &'static str, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let counted = self.count(name);
        let span = tracing::Span::current();
        self.tracker.spawn_blocking(move || {
            let outcome = span.in_scope(|| std::panic::catch_unwind(AssertUnwindSafe(work)));
            counted.settle(outcome)
        })
    }

    /// The names of the tasks that still run, with how many of each.
    pub fn running(&self) -> BTreeMap<&'static str, usize> {
        self.shared.running().clone()
    }

    /// Waits until no task runs. Tasks may still be started meanwhile, and are waited for too.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Waits for the first panic of any task, and tells its name.
    ///
    /// # Cancel safety
    ///
    /// Safe: a panic stays reported to all later calls.
    pub async fn panicked(&self) -> Panicked {
        let mut panicked = self.shared.panicked.subscribe();
        loop {
            if let Some(name) = *panicked.borrow_and_update() {
                return name;
            }
            // The sender lives in `self.shared`, so this waits rather than fails.
            let _ = panicked.changed().await;
        }
    }

    fn count(&self, name: &'static str) -> Counted {
        *self.shared.running().entry(name).or_default() += 1;
        Counted { name, shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, BTreeMap<&'static str, usize>> {
        // A map of counts: a panic elsewhere cannot leave it half written.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn settle<T>(self, outcome: std::thread::Result<T>) -> T {
        match outcome {
            Ok(value) => value,
            Err(panic) => {
                self.shared.panicked.send_if_modified(|first| {
                    let is_first = first.is_none();
                    first.get_or_insert(Panicked(self.name));
                    is_first
                });
                std::panic::resume_unwind(panic)
            }
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.shared.running();
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}
