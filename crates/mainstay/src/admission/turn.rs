//! Waiting for one's turn.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use super::Admission;
use super::queue::Key;
use super::ticket::{Settled, Ticket};
use crate::routes::{Cost, Priority};

/// A place in the queue. Dropped, it is given up, and so is a permit that came and was not taken.
#[derive(Debug)]
pub(super) struct Turn {
    admission: Admission,
    cost: Cost,
    ticket: Arc<Ticket>,
    key: Key,
    /// Whether whoever waits knows how it ended. An atomic for `Sync`: it is one task's.
    over: AtomicBool,
}

impl Turn {
    pub(super) fn new(admission: Admission, cost: Cost, ticket: Arc<Ticket>, key: Key) -> Self {
        Self { admission, cost, ticket, key, over: AtomicBool::new(false) }
    }

    /// Waits until the turn has come (true) or will not come (false).
    pub(super) fn poll_settled(&self, context: &mut Context<'_>) -> Poll<bool> {
        let settled = ready!(self.ticket.poll(context));
        self.over.store(true, Ordering::Relaxed);
        Poll::Ready(settled == Settled::Granted)
    }

    /// As [`Turn::poll_settled`].
    ///
    /// # Cancel safety
    ///
    /// Safe: the turn is still there.
    pub(super) async fn settled(&self) -> bool {
        poll_fn(|context| self.poll_settled(context)).await
    }

    /// Waits no longer: the time is up. True when a permit has just come.
    pub(super) fn give_up(self, priority: Priority) -> bool {
        self.over.store(true, Ordering::Relaxed);
        self.leave(Some(priority))
    }

    fn leave(&self, turned_away: Option<Priority>) -> bool {
        let now = self.admission.clock().now();
        self.admission.lane(self.cost).leave(now, &self.ticket, self.key, turned_away)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over.load(Ordering::Relaxed) && self.leave(None) {
            let now = self.admission.clock().now();
            self.admission.lane(self.cost).release(now);
        }
    }
}
