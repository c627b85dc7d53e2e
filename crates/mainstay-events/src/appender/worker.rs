//! The task: one batch after the other.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::random;
use mainstay_db::{Constraint, DbError, DbErrorKind};

use super::Shared;
use super::batch::Batch;
use super::intake::Intake;
use crate::store::{Announcement, Prepared, StageError, Tail, may_be_made};
use crate::{AppendError, Appended, EventStore};

/// How often one part of a batch is tried again before its failure counts.
const RETRIES: u32 = 3;

/// The longest wait before the first of them; doubled for each further one.
const FIRST_WAIT_MS: u64 = 20;

pub(super) struct Worker {
    store: EventStore,
    intake: Intake,
    shared: Arc<Shared>,
}

/// Why a part of a batch was not committed.
enum Failed {
    /// It was rolled back.
    Undone(StageError),
    /// Whether it was committed cannot be found out.
    Unknown(DbError),
}

/// Which part of a batch is tried next.
///
/// After a failure it is the part before the append that is to blame, then that append alone, then the rest,
/// in parts that double with each success. So each append is put into few transactions more than it needs,
/// however many of its neighbours fail.
struct Cut {
    part: Range<usize>,
    end: usize,
    /// The append that is to blame for a failure, as it looks.
    suspect: Option<usize>,
    retries: u32,
}

impl Worker {
    pub(super) fn new(store: EventStore, intake: Intake, shared: Arc<Shared>) -> Self {
        Self { store, intake, shared }
    }

    /// Works until nobody can append any more.
    pub(super) async fn run(mut self) {
        while let Some(batch) = self.intake.next().await {
            let (began, appends) = (self.store.clock().now(), batch.len());
            #[expect(clippy::cast_precision_loss, reason = "some hundred appends")]
            metrics::histogram!("append_batch_size").record(appends as f64);
            self.carry_out(batch).await;
            self.shared.pace.note(appends, self.store.clock().now() - began);
            // Those who were just answered may have more: let them queue up first, or batches of one would
            // alternate with batches of all others.
            tokio::task::yield_now().await;
        }
    }

    async fn carry_out(&self, mut batch: Batch) {
        let mut cut = Cut::whole(batch.len());
        while !cut.part.is_empty() {
            let part = cut.part.clone();
            match self.attempt(batch.requests(part.clone())).await {
                Ok(outcomes) => {
                    for (index, outcome) in part.zip(outcomes) {
                        batch.answer(index, outcome);
                    }
                    cut.done();
                }
                Err(Failed::Unknown(error)) => {
                    batch.fail(part, &error);
                    cut.done();
                }
                Err(Failed::Undone(StageError::Blamed { index, error })) => {
                    if part.len() == 1 {
                        batch.answer(part.start, Err(error));
                        cut.done();
                    } else {
                        metrics::counter!("append_batch_splits_total").increment(1);
                        cut.isolate(index);
                    }
                }
                Err(Failed::Undone(StageError::Database(error))) => {
                    if cut.retries < RETRIES && may_pass(&error) {
                        tokio::time::sleep(wait(cut.retries)).await;
                        cut.retries += 1;
                    } else if part.len() == 1 || error.is_transient() || error.kind() == DbErrorKind::Closed {
                        batch.fail(part, &error);
                        cut.done();
                    } else {
                        // One of them is to blame, and nobody says which.
                        metrics::counter!("append_batch_splits_total").increment(1);
                        cut.halve();
                    }
                }
            }
        }
    }

    /// One transaction.
    async fn attempt(&self, requests: &[Prepared]) -> Result<Vec<Result<Appended, AppendError>>, Failed> {
        let database = self.store.database();
        let mut transaction = database.write().await.map_err(Failed::undone)?;
        let staged = self.store.stage(&mut transaction, requests).await.map_err(Failed::Undone)?;
        let Some(written) = staged.written else { return Ok(staged.outcomes) };
        let tail = written.tail;
        let mut announcement = Announcement::of(&self.store, tail.position);
        if let Err(error) = transaction.commit().await {
            if !may_be_made(error.kind()) {
                announcement.withdraw();
                return Err(Failed::undone(error));
            }
            tracing::warn!(%error, position = tail.position.get(), "the commit of events was not answered");
            match self.settle(tail).await {
                Some(true) => {}
                Some(false) => {
                    announcement.withdraw();
                    return Err(Failed::undone(error));
                }
                None => return Err(Failed::Unknown(error)),
            }
        }
        self.store.committed(written);
        metrics::counter!("events_appended_total").increment(staged.events as u64);
        Ok(staged.outcomes)
    }

    /// Finds out whether a transaction was committed, as soon as the database answers again; `None` when it
    /// does not in time.
    async fn settle(&self, tail: Tail) -> Option<bool> {
        let asking = async {
            let mut asked = 0;
            loop {
                match self.store.was_committed(tail).await {
                    Ok(was) => return Some(was),
                    Err(error) if error.kind() == DbErrorKind::Closed => return None,
                    Err(_) => tokio::time::sleep(wait(asked)).await,
                }
                asked = (asked + 1).min(5);
            }
        };
        tokio::time::timeout(self.shared.limits.patience, asking).await.unwrap_or(None)
    }
}

impl Failed {
    fn undone(error: DbError) -> Self {
        Self::Undone(StageError::Database(error))
    }
}

impl Cut {
    fn whole(len: usize) -> Self {
        Self { part: 0..len, end: len, suspect: None, retries: 0 }
    }

    /// The part is answered: on with the next one.
    fn done(&mut self) {
        let (start, len) = (self.part.end, self.part.len());
        let len = if self.suspect.take_if(|suspect| *suspect == start).is_some() { 1 } else { len * 2 };
        self.part = start..start.saturating_add(len).min(self.end);
        self.retries = 0;
    }

    /// The append at this index of the part is to blame: those before it first.
    fn isolate(&mut self, index: usize) {
        let start = self.part.start;
        self.suspect = Some(start + index);
        self.part = start..start + index.max(1);
        self.retries = 0;
    }

    fn halve(&mut self) {
        let start = self.part.start;
        self.part = start..start + (self.part.len() / 2).max(1);
        self.retries = 0;
    }
}

/// Whether the same may succeed at once: a connection that was cut, a transaction that gave way to another one, or another
/// process that was faster with the first event of a stream. What has waited for its time already does not wait again.
fn may_pass(error: &DbError) -> bool {
    matches!(error.kind(), DbErrorKind::Unreachable | DbErrorKind::Serialization)
        || error.constraint() == Some(Constraint::Unique)
}

fn wait(retries: u32) -> Duration {
    let longest = FIRST_WAIT_MS.saturating_mul(2_u64.saturating_pow(retries));
    Duration::from_millis(random::below(longest) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works a batch off in which these appends fail, and counts how many appends go through transactions.
    fn work(len: usize, bad: impl Fn(usize) -> bool) -> (Vec<usize>, usize) {
        let (mut cut, mut failed, mut tried) = (Cut::whole(len), Vec::new(), 0);
        while !cut.part.is_empty() {
            tried += cut.part.len();
            match cut.part.clone().find(|index| bad(*index)) {
                None => cut.done(),
                Some(index) if cut.part.len() == 1 => {
                    failed.push(index);
                    cut.done();
                }
                Some(index) => cut.isolate(index - cut.part.start),
            }
        }
        (failed, tried)
    }

    #[test]
    fn exactly_the_bad_ones_fail_and_the_work_stays_linear() {
        assert_eq!(work(512, |_| false), (vec![], 512));
        let (failed, tried) = work(512, |index| index == 100);
        assert_eq!(failed, [100]);
        assert!(tried < 3 * 512, "{tried}");
        let (failed, tried) = work(512, |_| true);
        assert_eq!(failed.len(), 512);
        assert!(tried < 4 * 512, "{tried}");
        let (failed, tried) = work(512, |index| index % 3 == 0);
        assert_eq!(failed.len(), 171);
        assert!(tried < 5 * 512, "{tried}");
    }
}
