//! Where the streams of an HTTP/2 connection run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mainstay_core::Tasks;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::streams::Streams;

/// Runs each stream as a task that ends with its connection, at the latest.
///
/// A stream whose peer takes nothing of its answer is reset: HTTP/2 lets a peer close the window of a single
/// stream, so the stall does not show on the socket.
#[derive(Clone, Debug)]
pub(super) struct StreamExecutor {
    tasks: Tasks,
    streams: Arc<Streams>,
    cut: CancellationToken,
    stall_timeout: Duration,
}

impl StreamExecutor {
    /// An executor, and what cuts its streams when it is dropped.
    pub(super) fn new(tasks: Tasks, streams: Arc<Streams>, stall_timeout: Duration) -> (Self, DropGuard) {
        let cut = CancellationToken::new();
        let guard = cut.clone().drop_guard();
        (Self { tasks, streams, cut, stall_timeout }, guard)
    }
}

impl<F> hyper::rt::Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let progress = self.streams.take_begun();
        let cut = self.cut.clone();
        let stall_timeout = self.stall_timeout;
        let watched = async move {
            tokio::select! {
                biased;
                () = cut.cancelled() => {}
                // A panic that reaches this place ends this stream and no other.
                outcome = AssertUnwindSafe(stream).catch_unwind() => {
                    if outcome.is_err() {
                        tracing::error!("panic while serving an HTTP/2 stream");
                    }
                }
                () = progress.stalled(stall_timeout) => tracing::debug!("HTTP/2 stream stalled"),
            }
        };
        self.tasks.spawn("stream", watched);
    }
}
