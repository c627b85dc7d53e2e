//! What somebody who waits holds in the hand.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

const WAITS: u8 = 0;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Settled {
    /// With a permit, which the ticket carries until somebody takes it.
    Granted = 1,
    /// With a refusal.
    TurnedAway = 2,
    /// Whoever waited has left.
    Left = 3,
}

/// Settled once, by whoever comes first: the lane, or the one who waits.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    state: AtomicU8,
    waker: AtomicWaker,
}

impl Ticket {
    /// Settles the ticket; false when that was done already.
    pub(super) fn settle(&self, settled: Settled) -> bool {
        let (acquire, release) = (Ordering::Acquire, Ordering::AcqRel);
        self.state.compare_exchange(WAITS, settled as u8, release, acquire).is_ok()
    }

    /// How it was settled, if it was.
    pub(super) fn settled(&self) -> Option<Settled> {
        match self.state.load(Ordering::Acquire) {
            1 => Some(Settled::Granted),
            2 => Some(Settled::TurnedAway),
            3 => Some(Settled::Left),
            _ => None,
        }
    }

    /// Wakes whoever waits.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Waits until it is settled.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Settled> {
        self.waker.register(context.waker());
        self.settled().map_or(Poll::Pending, Poll::Ready)
    }
}
