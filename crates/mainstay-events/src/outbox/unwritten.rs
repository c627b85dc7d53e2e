//! Messages that the database would not take: mostly those which tell that it fails.
//!
//! They are kept in memory, so they end with the process: the log has them too. As soon as the database takes them,
//! they are messages like all others; until then they are handed over from here, and one destination that took a
//! message is enough.

use std::collections::VecDeque;
use std::sync::{MutexGuard, PoisonError};

use mainstay_core::Shutdown;

use super::{Inner, Message, Outbox};

/// Most messages that are kept in memory. The oldest goes when there are more.
const KEPT: usize = 64;

impl Inner {
    pub(super) fn remember(&self, message: Message) {
        let mut unwritten = self.unwritten();
        if unwritten.iter().any(|known| known.id() == message.id()) {
            return;
        }
        if unwritten.len() >= KEPT {
            unwritten.pop_front();
            metrics::counter!("outbox_dropped_total", "destination" => "memory").increment(1);
        }
        unwritten.push_back(message);
    }

    fn unwritten(&self) -> MutexGuard<'_, VecDeque<Message>> {
        // Each change is one insertion or removal.
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings messages out of memory until the process stops.
pub(super) async fn look_after(outbox: &Outbox, shutdown: &Shutdown) {
    let inner = &outbox.inner;
    let mut news = inner.news.subscribe();
    while !shutdown.has_begun() {
        news.borrow_and_update();
        let waiting: Vec<Message> = inner.unwritten().iter().cloned().collect();
        for message in waiting {
            if shutdown.has_begun() {
                return;
            }
            if bring_out(outbox, &message).await {
                inner.unwritten().retain(|known| known.id() != message.id());
            }
        }
        tokio::select! {
            // Fails when the outbox is gone, and we with it.
            _ = news.changed() => {}
            () = tokio::time::sleep(inner.settings.poll) => {}
            () = shutdown.begun() => {}
        }
    }
}

/// Whether the message is on its way, or was taken by somebody.
async fn bring_out(outbox: &Outbox, message: &Message) -> bool {
    if outbox.write(message).await.is_ok() {
        outbox.announce();
        return true;
    }
    let inner = &outbox.inner;
    let attempts = inner.destinations.iter().map(|destination| inner.hand_over(&**destination, message));
    let outcomes = futures_util::future::join_all(attempts).await;
    outcomes.iter().any(Result::is_ok)
}
