//! The queue, and how much of it goes into one batch.

use std::sync::Arc;

use mainstay_core::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Shared;
use super::batch::Batch;
use crate::store::Prepared;
use crate::{AppendError, Appended};

/// Who waits for an answer.
pub(super) type Waiter = oneshot::Sender<Result<Appended, AppendError>>;

/// An append that waits.
pub(super) struct Request {
    pub(super) prepared: Prepared,
    pub(super) reply: Waiter,
    pub(super) arrived: Instant,
}

/// Where the task takes its work from.
pub(super) struct Intake {
    queue: mpsc::Receiver<Request>,
    /// Taken, but too large for the batch that it was taken for.
    left_over: Option<Request>,
    shared: Arc<Shared>,
    clock: Clock,
}

impl Intake {
    pub(super) fn new(queue: mpsc::Receiver<Request>, shared: Arc<Shared>, clock: Clock) -> Self {
        Self { queue, left_over: None, shared, clock }
    }

    /// Waits for the first append, and takes all that wait behind it, as far as they fit; `None` when there
    /// will be no more.
    pub(super) async fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        while batch.is_empty() {
            let request = match self.left_over.take() {
                Some(request) => request,
                None => self.wait().await?,
            };
            self.admit(request, &mut batch);
        }
        while batch.len() < self.shared.limits.requests {
            let Ok(request) = self.queue.try_recv() else { break };
            if batch.would_exceed(&request.prepared, self.shared.limits) {
                self.left_over = Some(request);
                break;
            }
            self.admit(request, &mut batch);
        }
        Some(batch)
    }

    async fn wait(&mut self) -> Option<Request> {
        if !self.shared.closing.has_begun() {
            tokio::select! {
                request = self.queue.recv() => return request,
                () = self.shared.closing.begun() => {}
            }
        }
        // What waits is still handed out; nothing comes in behind it.
        self.queue.close();
        self.queue.recv().await
    }

    /// Those whose caller is gone are left out: it can only think that nothing was stored.
    fn admit(&self, request: Request, batch: &mut Batch) {
        let Request { prepared, reply, arrived } = request;
        self.shared.leave(prepared.bytes);
        metrics::histogram!("append_queue_seconds").record(self.clock.now() - arrived);
        if !reply.is_closed() {
            batch.push(prepared, reply);
        }
    }
}
