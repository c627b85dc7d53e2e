//! Who may hold a connection, and who is next.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// Most callers that wait at one gate. Beyond, a wait would be longer than anybody's patience, and callers are
/// told at once.
const MAX_WAITING: usize = 4_096;

/// How often in a row those in a hurry go before one who waits in patience.
const PASSED_OVER: u32 = 8;

/// Counts permits, and hands each that comes back to the next in line.
///
/// There are two lines: one for those in a hurry, one for the patient. The hurried go first, but not for ever:
/// after eight of them one of the patient has its turn. Within a line, first come, first served.
pub(super) struct Gate {
    state: Mutex<State>,
    returned: Notify,
}

/// The right to hold one connection. Dropping gives it to the next in line.
pub(super) struct Permit {
    /// Gone when the permit could not be delivered, and its count goes to somebody else.
    gate: Option<Arc<Gate>>,
}

/// The gate gives no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoEntry {
    /// It was closed.
    Closed,
    /// Too many wait already.
    Crowded,
}

struct State {
    capacity: usize,
    in_use: usize,
    is_closed: bool,
    hurried: VecDeque<oneshot::Sender<Permit>>,
    patient: VecDeque<oneshot::Sender<Permit>>,
    passed_over: u32,
}

impl Gate {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        let state = State {
            capacity,
            in_use: 0,
            is_closed: false,
            hurried: VecDeque::new(),
            patient: VecDeque::new(),
            passed_over: 0,
        };
        Arc::new(Self { state: Mutex::new(state), returned: Notify::new() })
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    ///
    /// A dropped wait gives up its place, and the permit that may already have been its own.
    pub(super) async fn enter(self: &Arc<Self>, in_a_hurry: bool) -> Result<Permit, NoEntry> {
        let turn = {
            let mut state = self.lock();
            if state.is_closed {
                return Err(NoEntry::Closed);
            }
            state.forget_the_gone();
            let is_free = state.in_use < state.capacity && state.waiting() == 0;
            if is_free {
                state.in_use += 1;
                return Ok(Permit { gate: Some(Arc::clone(self)) });
            }
            if state.waiting() >= MAX_WAITING {
                return Err(NoEntry::Crowded);
            }
            let (sender, turn) = oneshot::channel();
            let line = if in_a_hurry { &mut state.hurried } else { &mut state.patient };
            line.push_back(sender);
            turn
        };
        // An error means that the line was sent home.
        turn.await.map_err(|_| NoEntry::Closed)
    }

    /// Permits that are out.
    pub(super) fn in_use(&self) -> usize {
        self.lock().in_use
    }

    /// Callers in line, those who went away included until their turn.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting()
    }

    /// Lets nobody in any more; with `at_once`, those in line are sent home too.
    pub(super) fn close(&self, at_once: bool) {
        let mut state = self.lock();
        state.is_closed = true;
        if at_once {
            state.hurried.clear();
            state.patient.clear();
        }
        drop(state);
        self.returned.notify_waiters();
    }

    /// Waits until no permit is out and nobody is in line.
    ///
    /// # Cancel safety
    ///
    /// Safe.
    pub(super) async fn empty(&self) {
        loop {
            let returned = self.returned.notified();
            {
                let mut state = self.lock();
                state.forget_the_gone();
                if state.in_use == 0 && state.waiting() == 0 {
                    return;
                }
            }
            returned.await;
        }
    }

    /// Takes back permits that nobody holds: sets the count to `in_use` where it is higher, and lets in as many
    /// as were missing. Says how many those are.
    pub(super) fn reconcile(self: &Arc<Self>, in_use: usize) -> usize {
        let lost = self.lock().in_use.saturating_sub(in_use);
        for _ in 0..lost {
            self.release();
        }
        lost
    }

    fn release(self: &Arc<Self>) {
        let mut state = self.lock();
        // The count goes over to the next who is still there.
        let mut permit = Permit { gate: Some(Arc::clone(self)) };
        while let Some(next) = state.next_in_line() {
            match next.send(permit) {
                Ok(()) => return,
                Err(undelivered) => permit = undelivered,
            }
        }
        state.in_use = state.in_use.saturating_sub(1);
        drop(state);
        permit.gate = None;
        self.returned.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counts and queues, changed in single steps: a panic elsewhere cannot leave them half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.hurried.len() + self.patient.len()
    }

    fn next_in_line(&mut self) -> Option<oneshot::Sender<Permit>> {
        let patient_is_due = self.passed_over >= PASSED_OVER && !self.patient.is_empty();
        if !patient_is_due && let Some(next) = self.hurried.pop_front() {
            self.passed_over = if self.patient.is_empty() { 0 } else { self.passed_over + 1 };
            return Some(next);
        }
        self.passed_over = 0;
        self.patient.pop_front()
    }

    /// Those at the head of a line who have given up waiting.
    fn forget_the_gone(&mut self) {
        for line in [&mut self.hurried, &mut self.patient] {
            while line.front().is_some_and(oneshot::Sender::is_closed) {
                line.pop_front();
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            gate.release();
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn enter(
        gate: &Arc<Gate>,
        in_a_hurry: bool,
    ) -> std::pin::Pin<Box<impl Future<Output = Result<Permit, NoEntry>>>> {
        let gate = Arc::clone(gate);
        let mut turn = Box::pin(async move { gate.enter(in_a_hurry).await });
        assert!(turn.as_mut().now_or_never().is_none(), "it waits");
        turn
    }

    #[test]
    fn the_hurried_go_first_but_not_for_ever() {
        let gate = Gate::new(1);
        let mut held = gate.enter(true).now_or_never().expect("free").ok();
        let mut patient = enter(&gate, false);
        let mut hurried: VecDeque<_> = (0..20).map(|_| enter(&gate, true)).collect();
        let mut before = 0;
        let served = loop {
            drop(held.take());
            if let Some(permit) = patient.as_mut().now_or_never() {
                break permit;
            }
            let next = hurried.pop_front().expect("one of them").as_mut().now_or_never();
            held = next.expect("the first in line").ok();
            before += 1;
        };
        assert!(served.is_ok());
        assert_eq!(before, PASSED_OVER);
    }

    #[test]
    fn who_went_away_gives_up_place_and_permit() {
        let gate = Gate::new(1);
        let held = gate.enter(true).now_or_never().expect("free").expect("open");
        let gone = enter(&gate, true);
        let winner = enter(&gate, true);
        let mut last = enter(&gate, true);
        drop(gone);
        drop(held);
        assert_eq!(gate.in_use(), 1, "handed over");
        drop(winner);
        let held = last.as_mut().now_or_never().expect("its turn").expect("open");
        assert_eq!((gate.in_use(), gate.waiting()), (1, 0));
        drop(held);
        assert_eq!(gate.in_use(), 0);
    }

    #[test]
    fn a_crowd_is_told_at_once() {
        let gate = Gate::new(1);
        let _held = gate.enter(true).now_or_never().expect("free").expect("open");
        let waiting: Vec<_> = (0..MAX_WAITING).map(|_| enter(&gate, true)).collect();
        let refused = gate.enter(true).now_or_never().expect("an answer");
        assert_eq!(refused.err(), Some(NoEntry::Crowded));
        drop(waiting);
        let _place = enter(&gate, true);
    }

    #[test]
    fn closing_sends_the_line_home() {
        let gate = Gate::new(1);
        let held = gate.enter(true).now_or_never().expect("free").expect("open");
        let mut waiting = enter(&gate, true);
        gate.close(false);
        assert_eq!(gate.enter(true).now_or_never().expect("an answer").err(), Some(NoEntry::Closed));
        let mut empty = Box::pin(gate.empty());
        assert!(empty.as_mut().now_or_never().is_none());
        gate.close(true);
        assert_eq!(waiting.as_mut().now_or_never().expect("an answer").err(), Some(NoEntry::Closed));
        drop(held);
        assert!(empty.as_mut().now_or_never().is_some());
    }

    #[test]
    fn lost_permits_are_found_again() {
        let gate = Gate::new(2);
        let mut lost = gate.enter(true).now_or_never().expect("free").expect("open");
        lost.gate = None;
        let held = gate.enter(true).now_or_never().expect("free").expect("open");
        let mut waiting = enter(&gate, true);
        assert_eq!(gate.reconcile(1), 1);
        assert!(waiting.as_mut().now_or_never().is_some_and(|turn| turn.is_ok()));
        assert_eq!(gate.reconcile(2), 0);
        drop(held);
    }
}
