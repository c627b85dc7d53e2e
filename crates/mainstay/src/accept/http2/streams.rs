//! The requests of one HTTP/2 connection.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

use crate::accept::admission::Seat;

/// Counts the streams of a connection, and waits for what the counts can say.
#[derive(Debug, Default)]
pub(super) struct Streams {
    counts: watch::Sender<Counts>,
    /// The stream that the service has begun and the executor has not taken over.
    begun: Mutex<Option<Arc<Progress>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    begun: usize,
    active: usize,
    answered: usize,
    reset: usize,
}

/// How far the answer of one stream is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whether hyper holds a part of the answer, or the right to ask for one, and waits for the peer's window.
    sending: AtomicBool,
    frames: AtomicU64,
}

/// Keeps a stream counted.
#[derive(Debug)]
pub(super) struct StreamGuard {
    streams: Arc<Streams>,
    seat: Arc<Seat>,
    progress: Arc<Progress>,
    answered: bool,
}

/// An answer's body that tells how far it is.
pub(super) struct StreamBody {
    body: Body,
    stream: StreamGuard,
}

impl Streams {
    /// Counts a stream that begins. The next call of [`Streams::take_begun`] is about the same stream.
    pub(super) fn begin(self: &Arc<Self>, seat: &Arc<Seat>) -> StreamGuard {
        // An evicted connection is cut before the stream gets anywhere.
        seat.begin_request();
        self.counts.send_modify(|counts| {
            counts.begun += 1;
            counts.active += 1;
        });
        let progress = Arc::new(Progress::default());
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&progress));
        StreamGuard { streams: Arc::clone(self), seat: Arc::clone(seat), progress, answered: false }
    }

    pub(super) fn take_begun(&self) -> Arc<Progress> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Waits until no stream has begun by the end of `first`, or none has been open for `keep_alive`.
    pub(super) async fn idle(&self, first: Pin<Box<Sleep>>, keep_alive: Duration) {
        tokio::select! {
            biased;
            () = self.wait_for(|counts| counts.begun > 0) => self.quiet(keep_alive).await,
            () = first => {}
        }
    }

    /// Waits until no stream has been open for so long.
    pub(super) async fn quiet(&self, time: Duration) {
        loop {
            self.wait_for(|counts| counts.active == 0).await;
            // A stream may come and go between two looks, so not `active` is watched.
            let begun = self.counts.borrow().begun;
            tokio::select! {
                biased;
                () = self.wait_for(|counts| counts.begun != begun) => {}
                () = sleep(time) => return,
            }
        }
    }

    /// Waits until the peer has reset so many more streams than it let us answer.
    pub(super) async fn abused(&self, budget: usize) {
        self.wait_for(|counts| counts.reset > counts.answered.saturating_add(budget)).await;
    }

    async fn wait_for(&self, condition: impl FnMut(&Counts) -> bool) {
        // Fails only without a sender, and that is ours.
        let _ = self.counts.subscribe().wait_for(condition).await;
    }
}

impl Progress {
    /// Waits until the peer has taken nothing of a ready answer for at least `timeout`, at most twice that.
    pub(super) async fn stalled(&self, timeout: Duration) {
        loop {
            let before = self.sending().then(|| self.frames.load(Ordering::Relaxed));
            sleep(timeout).await;
            if before == Some(self.frames.load(Ordering::Relaxed)) && self.sending() {
                return;
            }
        }
    }

    fn sending(&self) -> bool {
        self.sending.load(Ordering::Relaxed)
    }
}

impl StreamGuard {
    /// Goes over from the work to the answer.
    pub(super) fn respond(self, body: Body) -> StreamBody {
        // hyper asks for a window before it asks for the first frame.
        self.progress.sending.store(true, Ordering::Relaxed);
        StreamBody { body, stream: self }
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.seat.end_request();
        self.streams.counts.send_modify(|counts| {
            counts.active -= 1;
            if self.answered {
                counts.answered += 1;
            } else {
                counts.reset += 1;
            }
        });
    }
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Until there is a frame, it is the handler that is waited for.
        self.stream.progress.sending.store(false, Ordering::Relaxed);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.stream.progress.sending.store(true, Ordering::Relaxed);
        self.stream.progress.frames.fetch_add(1, Ordering::Relaxed);
        self.stream.answered = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        // An empty body is never asked for a frame.
        self.stream.answered |= self.body.is_end_stream();
    }
}
