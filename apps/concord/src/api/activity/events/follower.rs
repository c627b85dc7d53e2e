//! One client, for as long as it listens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mainstay_core::{Clock, Shutdown};
use mainstay_events::Position;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::tail::Tail;

/// Something is said at least this often, so that proxies and clients know that the line is alive.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is told, and where it goes on.
pub(super) struct Follower {
    pub(super) tail: Arc<Tail>,
    pub(super) head: watch::Receiver<Position>,
    pub(super) after: Position,
    pub(super) clock: Clock,
    pub(super) ends: Instant,
    pub(super) stopping: Shutdown,
    /// Said before anything else.
    pub(super) first: VecDeque<Bytes>,
    pub(super) _place: OwnedSemaphorePermit,
}

impl Follower {
    /// What to say next; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.pop_front() {
            return Some(first);
        }
        if self.stopping.has_begun() || self.clock.now() >= self.ends {
            return None;
        }
        // Before the look: what is appended during it wakes us again.
        let head = *self.head.borrow_and_update();
        // A log that cannot be read ends the stream; the client comes back with its last id.
        // Boxed: a read is large, and most clients wait for most of their time.
        if let Some(told) = Box::pin(self.tail.behind(self.after, head)).await.ok()? {
            self.after = told.last;
            return Some(told.text);
        }
        tokio::select! {
            _ = self.head.changed() => {}
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = self.stopping.begun() => return None,
        }
        // Whatever woke us: a comment tells whether the client is still there, and costs three bytes.
        Some(Bytes::from_static(b":\n\n"))
    }
}
