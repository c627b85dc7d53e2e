//! A permit is for work: while a request waits for its body, others have it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::Admission;
use super::lane::Lane;
use super::turn::Turn;
use crate::routes::{Cost, Priority};

/// Whose the permit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    /// The request's.
    Held,
    /// Anybody's.
    Lent,
    /// Anybody's, but the request wants it back, and may have a turn.
    Returning,
    /// Nobody's: the work is over.
    Ended,
}

/// What a permit and the body of its request tell each other.
#[derive(Debug)]
pub(super) struct Loan {
    admission: Admission,
    cost: Cost,
    priority: Priority,
    epoch: Instant,
    state: AtomicU8,
    lent_at_ns: AtomicU64,
    lent_ns: AtomicU64,
}

impl Loan {
    pub(super) fn new(admission: Admission, cost: Cost, priority: Priority) -> Self {
        let epoch = admission.clock().now();
        Self {
            admission,
            cost,
            priority,
            epoch,
            state: AtomicU8::new(State::Held as u8),
            lent_at_ns: AtomicU64::new(0),
            lent_ns: AtomicU64::new(0),
        }
    }

    /// The work is over. Whether the permit is still to be given back, and for how long it was lent.
    pub(super) fn end(&self) -> (bool, Duration) {
        let was = self.state.swap(State::Ended as u8, Ordering::AcqRel);
        if was == State::Lent as u8 {
            self.lane().forget_lent();
        }
        (was == State::Held as u8, Duration::from_nanos(self.lent_ns.load(Ordering::Relaxed)))
    }

    /// Lends the permit, if it is held.
    fn lend(&self) {
        let now = self.admission.clock().now();
        if self.turn_to(State::Held, State::Lent) {
            self.lent_at_ns.store(self.since_epoch(now), Ordering::Relaxed);
            self.lane().lend(now);
        }
    }

    /// Takes the permit back: at once, or when it is this request's turn.
    fn come_back(&self) -> Option<Turn> {
        if !self.turn_to(State::Lent, State::Returning) {
            return None;
        }
        self.lane().forget_lent();
        let waits = self.lane().come_back(self.admission.clock().now(), self.priority);
        if waits.is_none() {
            self.is_back();
        }
        waits.map(|(ticket, key)| Turn::new(self.admission.clone(), self.cost, ticket, key))
    }

    /// The permit is back, unless the work has ended meanwhile: then it is nobody's.
    fn is_back(&self) {
        let now = self.admission.clock().now();
        let lent = self.since_epoch(now).saturating_sub(self.lent_at_ns.load(Ordering::Relaxed));
        self.lent_ns.fetch_add(lent, Ordering::Relaxed);
        if !self.turn_to(State::Returning, State::Held) {
            self.lane().release(now);
        }
    }

    fn turn_to(&self, from: State, to: State) -> bool {
        self.state.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn lane(&self) -> &Lane {
        self.admission.lane(self.cost)
    }

    fn since_epoch(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A body that lends the permit of its request whenever it has to be waited for.
pub(super) struct Lending {
    body: Body,
    loan: Arc<Loan>,
    /// What came while the permit was lent, and the wait to have it back.
    returning: Option<(Turn, Polled)>,
}

/// What a body gives when it is asked for its next frame.
type Polled = Option<Result<Frame<Bytes>, axum::Error>>;

impl Lending {
    pub(super) fn new(body: Body, loan: Arc<Loan>) -> Self {
        Self { body, loan, returning: None }
    }
}

impl HttpBody for Lending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Polled> {
        let this = &mut *self;
        if this.returning.is_none() {
            let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
                this.loan.lend();
                return Poll::Pending;
            };
            match this.loan.come_back() {
                None => return Poll::Ready(frame),
                Some(turn) => this.returning = Some((turn, frame)),
            }
        }
        let Some((turn, _)) = &this.returning else { return Poll::Pending };
        // Nobody is turned away who has begun: the turn comes.
        ready!(turn.poll_settled(context));
        this.loan.is_back();
        Poll::Ready(this.returning.take().and_then(|(_, frame)| frame))
    }

    fn is_end_stream(&self) -> bool {
        self.returning.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        // Whoever gave up the body works on, if there is a permit for it; it is not waited for here.
        drop(self.loan.come_back());
    }
}
