//! Where a connection stands with its current request: what gate and service tell each other.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::{Body as HttpBody, Frame, SizeHint};

/// The steps of one exchange, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// No request is in hand, and everything said before has been written.
    Idle,
    /// hyper has a head and has not called the service. What it writes now is its own refusal.
    Parsing,
    /// The handler works.
    Working,
    /// The answer's body is being written.
    Responding,
    /// hyper has the whole answer and has not written all of it.
    Flushing,
}

/// The state that gate and service share. All of it happens in one task; the atomics are for `Send`.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    phase: AtomicU8,
    request_arriving: AtomicBool,
    reader: AtomicWaker,
}

impl Exchange {
    pub(super) fn phase(&self) -> Phase {
        const ORDER: [Phase; 5] =
            [Phase::Idle, Phase::Parsing, Phase::Working, Phase::Responding, Phase::Flushing];
        ORDER[usize::from(self.phase.load(Ordering::Acquire)).min(ORDER.len() - 1)]
    }

    /// A head goes to hyper.
    pub(super) fn release(&self) {
        self.enter(Phase::Parsing);
    }

    /// The service has the request.
    pub(super) fn begin(&self) {
        self.enter(Phase::Working);
    }

    /// The service has an answer.
    pub(super) fn respond(&self) {
        self.enter(Phase::Responding);
    }

    /// Everything that hyper held has been written. True when that ended an exchange.
    pub(super) fn flushed(&self) -> bool {
        let ended = self.phase() == Phase::Flushing;
        if ended {
            self.enter(Phase::Idle);
            self.reader.wake();
        }
        ended
    }

    /// Whether bytes of the current request are still on their way.
    pub(super) fn is_request_arriving(&self) -> bool {
        self.request_arriving.load(Ordering::Acquire)
    }

    pub(super) fn set_request_arriving(&self, arriving: bool) {
        self.request_arriving.store(arriving, Ordering::Release);
    }

    /// Wakes this reader when the exchange ends.
    pub(super) fn wait(&self, reader: &Waker) {
        self.reader.register(reader);
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }
}

/// An answer's body that tells the exchange when hyper has taken all of it, or given it up.
pub(super) struct AnswerBody {
    body: Body,
    exchange: Arc<Exchange>,
}

impl AnswerBody {
    pub(super) fn new(body: Body, exchange: Arc<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // hyper lets go of a body in the same step in which it encodes the last of it, so from here on
        // "all written" means the whole answer.
        self.exchange.enter(Phase::Flushing);
    }
}
