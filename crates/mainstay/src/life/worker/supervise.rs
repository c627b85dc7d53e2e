//! The life of one worker.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mainstay_core::{Chain, Shutdown};
use tokio::sync::{SemaphorePermit, mpsc};

use super::restart::Verdict;
use super::{Blueprint, Factory, Shared, WorkerError, WorkerState};
use crate::critical;

/// How long a worker that was started again has the stage for itself before the next one is.
const SETTLING: Duration = Duration::from_secs(1);

/// How long a running worker that is to be restarted has to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest error that is kept, in characters.
const MAX_ERROR_CHARS: usize = 1_000;

/// An operator wants the worker restarted.
pub(super) struct Order;

/// How a run ended.
enum Ended {
    Well,
    Failed(String),
    Ordered,
    Stopped,
}

/// Runs a worker until the process stops, or nobody can start it any more.
pub(super) async fn supervise(
    shared: Arc<Shared>,
    index: usize,
    blueprint: Blueprint,
    shutdown: Shutdown,
    orders: mpsc::Receiver<Order>,
) {
    let Blueprint { name, mut factory, .. } = blueprint;
    let mut worker = Supervised { shared: &shared, index, name, shutdown, orders };
    let mut turn = None;
    loop {
        shared.set(index, WorkerState::Running, None);
        match worker.run(&mut factory, turn.take()).await {
            Ended::Stopped => break,
            Ended::Ordered => {}
            Ended::Well => {
                shared.set(index, WorkerState::Finished, None);
                if !worker.ordered().await {
                    break;
                }
            }
            Ended::Failed(error) => match worker.rest(error).await {
                Some(permit) => turn = permit,
                None => break,
            },
        }
    }
    shared.set(index, WorkerState::Stopped, None);
}

struct Supervised<'a> {
    shared: &'a Shared,
    index: usize,
    name: &'static str,
    shutdown: Shutdown,
    orders: mpsc::Receiver<Order>,
}

impl<'a> Supervised<'a> {
    /// One run. `turn` is kept until the worker has settled.
    async fn run(&mut self, factory: &mut Factory, mut turn: Option<SemaphorePermit<'a>>) -> Ended {
        let run = self.shutdown.child();
        // The factory runs under the same guard as its future.
        let work = AssertUnwindSafe(async { factory(run.clone()).await }).catch_unwind();
        tokio::pin!(work);
        let settled = tokio::time::sleep(SETTLING);
        tokio::pin!(settled);
        loop {
            tokio::select! {
                outcome = &mut work => return self.judge(outcome),
                () = self.shutdown.forced() => return Ended::Stopped,
                () = &mut settled, if turn.is_some() => turn = None,
                Some(Order) = self.orders.recv() => {
                    run.begin();
                    tokio::select! {
                        _ = &mut work => {}
                        () = self.shutdown.forced() => return Ended::Stopped,
                        () = tokio::time::sleep(PATIENCE) => {
                            tracing::warn!(worker = self.name, "worker dropped: it did not end when told to");
                        }
                    }
                    return if self.shutdown.has_begun() { Ended::Stopped } else { Ended::Ordered };
                }
            }
        }
    }

    fn judge(&self, outcome: Result<Result<(), WorkerError>, Box<dyn Any + Send>>) -> Ended {
        match outcome {
            _ if self.shutdown.has_begun() => Ended::Stopped,
            Ok(Ok(())) => Ended::Well,
            Ok(Err(error)) => {
                tracing::error!(worker = self.name, error = %Chain(&*error), "worker failed");
                Ended::Failed(Chain(&*error).to_string().chars().take(MAX_ERROR_CHARS).collect())
            }
            Err(_) => {
                // The panic itself is in the log already.
                tracing::error!(worker = self.name, "worker panicked");
                Ended::Failed("it panicked; the log says where".to_owned())
            }
        }
    }

    /// Waits until the worker may be started again: by itself or by an order. `None` when the process stops. What
    /// starts by itself waits for its turn, so that a cause that fells many does not have all of them storm back at
    /// once; an operator does not wait.
    async fn rest(&mut self, error: String) -> Option<Option<SemaphorePermit<'a>>> {
        let verdict = self.shared.failed(self.index, self.name, error);
        let rest = match verdict {
            Verdict::Again(delay) => Some(delay),
            Verdict::Faulted(cooldown) => {
                critical!(
                    worker = self.name,
                    cooldown_seconds = cooldown.map(|cooldown| cooldown.as_secs()),
                    "worker faulted: it stays down"
                );
                cooldown
            }
        };
        let starts_by_itself = async {
            match rest {
                Some(rest) => tokio::time::sleep(rest).await,
                None => std::future::pending().await,
            }
            self.shared.turn.acquire().await.ok()
        };
        let turn = tokio::select! {
            turn = starts_by_itself => turn,
            () = self.shutdown.begun() => return None,
            Some(Order) = self.orders.recv() => return Some(None),
        };
        if let Verdict::Faulted(_) = verdict {
            tracing::warn!(worker = self.name, "worker tried once more after its cooldown");
            self.shared.tried(self.index, self.name);
        }
        Some(turn)
    }

    /// Waits for an order. False when the process stops.
    async fn ordered(&mut self) -> bool {
        tokio::select! {
            order = self.orders.recv() => order.is_some(),
            () = self.shutdown.begun() => false,
        }
    }
}
