//! Whether an accept loop still turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::watch;

/// A question that only a turning accept loop answers: one that nobody connects to waits, and one that is stuck waits
/// as well. Clones share it.
#[derive(Clone, Debug)]
pub struct Pulse {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    asked: watch::Sender<u64>,
    answered: AtomicU64,
    ended: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        let (answered, ended) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { asked: watch::Sender::new(0), answered, ended }) }
    }
}

impl Pulse {
    /// Asks, and tells whether the question before was answered. A loop that has ended as it should owes no answer.
    pub fn ask(&self) -> bool {
        let Shared { asked, answered, ended } = &*self.shared;
        let is_answered = *asked.borrow() == answered.load(Ordering::Acquire);
        if is_answered {
            asked.send_modify(|count| *count += 1);
        }
        is_answered || ended.load(Ordering::Acquire)
    }

    /// The side of the accept loop. When this is dropped, the loop has ended.
    pub(super) fn beat(&self) -> Beat {
        let mut asked = self.shared.asked.subscribe();
        // What was asked before anybody listened is to be answered, too.
        asked.mark_changed();
        Beat { asked, pulse: self.clone() }
    }
}

/// Answers.
pub(super) struct Beat {
    asked: watch::Receiver<u64>,
    pulse: Pulse,
}

impl Beat {
    /// Answers the next question.
    ///
    /// # Cancel safety
    ///
    /// Safe: a question stays asked until it is answered.
    pub(super) async fn next(&mut self) {
        // The sender lives in the pulse.
        let _ = self.asked.changed().await;
        let asked = *self.asked.borrow_and_update();
        self.pulse.shared.answered.store(asked, Ordering::Release);
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.pulse.shared.ended.store(true, Ordering::Release);
    }
}
