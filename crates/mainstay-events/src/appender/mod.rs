//! Group commit: many appends, one flush of the disk.
//!
//! A flush takes as long for a thousand events as for one. One task takes whatever waits, puts all of it into
//! one transaction, and answers everybody when that is on disk; meanwhile the next ones queue up. So batches
//! grow with the load, by themselves: nobody waits for a batch to fill.
//!
//! # What each append can rely on
//!
//! - It is all or nothing, and its answer is its own: an append that expected another version, or that a
//!   projection refuses, fails alone; its neighbours in the batch go on as if it had not been there.
//! - Appends are decided in the order of their arrival, each in the state that those before it left.
//! - The same id twice in one batch has one effect, as it has across batches.
//! - A connection that is lost in the commit is no failure: the ids of the events tell whether the batch is in
//!   the log, and if it is not, it is tried again.
//! - A caller that goes away while its append still waits has stored nothing. Once it was taken, it is carried
//!   out like any other, and nobody hears the answer.

mod batch;
mod intake;
mod pace;
#[cfg(test)]
mod tests;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_core::{Shutdown, Tasks};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::intake::{Intake, Request};
use self::pace::Pace;
use self::worker::Worker;
use crate::store::Prepared;
use crate::{Append, AppendError, Appended, EventStore};

/// The name of the task.
const TASK: &str = "appender";

/// How much may wait, and how much goes into one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppenderLimits {
    /// Most appends that wait. Beyond it: [`AppendError::Overloaded`].
    pub waiting: usize,
    /// Most bytes of payload that wait. One append may wait whatever its size.
    pub waiting_bytes: usize,
    /// Most appends of one transaction.
    pub requests: usize,
    /// Most events of one transaction, unless one append alone has more.
    pub events: usize,
    /// Most bytes of payload of one transaction, unless one append alone has more.
    pub bytes: usize,
    /// How long it is tried to find out whether a transaction was committed whose commit was not answered.
    pub patience: Duration,
}

/// Appends for many callers at once. Clones share the queue and the task behind it.
///
/// The task ends when the appender is [closed](Appender::close), or when all clones are gone and the queue is
/// empty.
#[derive(Clone)]
pub struct Appender {
    store: EventStore,
    queue: mpsc::Sender<Request>,
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
}

/// What callers and task have in common.
struct Shared {
    limits: AppenderLimits,
    /// Bytes of payload that wait.
    waiting_bytes: AtomicUsize,
    pace: Pace,
    closing: Shutdown,
}

impl Default for AppenderLimits {
    /// 4,096 appends and 64 MiB wait; a transaction has up to 512 appends, 2,000 events and 4 MiB; ten seconds.
    fn default() -> Self {
        Self {
            waiting: 4_096,
            waiting_bytes: 64 << 20,
            requests: 512,
            events: 2_000,
            bytes: 4 << 20,
            patience: Duration::from_secs(10),
        }
    }
}

impl Appender {
    /// Starts the task, among `tasks`, with the default limits.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn start(store: EventStore, tasks: &Tasks) -> Self {
        Self::start_with(store, tasks, AppenderLimits::default())
    }

    /// As [`Appender::start`], with other limits.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn start_with(store: EventStore, tasks: &Tasks, limits: AppenderLimits) -> Self {
        let (queue, waiting) = mpsc::channel(limits.waiting.max(1));
        let shared = Arc::new(Shared {
            limits,
            waiting_bytes: AtomicUsize::new(0),
            pace: Pace::default(),
            closing: Shutdown::new(),
        });
        let (end, ended) = watch::channel(false);
        let intake = Intake::new(waiting, Arc::clone(&shared), store.clock().clone());
        let worker = Worker::new(store.clone(), intake, Arc::clone(&shared));
        tasks.spawn(TASK, async move {
            worker.run().await;
            // Nobody may be left who waits for it.
            let _ = end.send(true);
        });
        Self { store, queue, shared, ended }
    }

    /// The log.
    pub fn store(&self) -> &EventStore {
        &self.store
    }

    /// Appends events, and applies the inline projections, together with the appends of others.
    ///
    /// When this returns, the events survive a crash of the process and a power cut.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. Nothing was stored then, but for [`AppendError::Unanswered`] and those that
    /// [`AppendError::Database`] names.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped before the task has taken the append, nothing is stored. After that, it is
    /// stored or refused as if somebody still waited. Repeat it with the same [id](Append::idempotent) to know.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let began = self.store.clock().now();
        let prepared = Prepared::new(append, self.store.limits())?;
        let bytes = prepared.bytes;
        // Reserved before the look, so that many at once cannot pass together.
        let before = self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before > 0 && before.saturating_add(bytes) > self.shared.limits.waiting_bytes {
            self.shared.leave(bytes);
            return Err(self.overloaded());
        }
        let (reply, answer) = oneshot::channel();
        match self.queue.try_send(Request { prepared, reply, arrived: began }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.shared.leave(bytes);
                return Err(self.overloaded());
            }
            Err(TrySendError::Closed(_)) => {
                self.shared.leave(bytes);
                return Err(AppendError::Stopping);
            }
        }
        let answer = answer.await.unwrap_or(Err(AppendError::Unanswered));
        metrics::histogram!("append_seconds").record(self.store.clock().now() - began);
        answer
    }

    /// How many appends wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Takes nothing more, carries out what waits, and returns when the last of it was answered.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again; the queue is worked off all the same.
    pub async fn close(&self) {
        self.shared.closing.begin();
        let mut ended = self.ended.clone();
        // Fails when the task is gone without a word, which is an end too.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    fn overloaded(&self) -> AppendError {
        metrics::counter!("append_refused_total").increment(1);
        AppendError::Overloaded { retry_after: self.shared.pace.time_for(self.waiting()) }
    }
}

impl Shared {
    /// Notes that a request no longer waits.
    fn leave(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender")
            .field("store", &self.store)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
