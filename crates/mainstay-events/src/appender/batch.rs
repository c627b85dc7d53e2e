//! Appends that were taken together.

use std::ops::Range;

use mainstay_db::DbError;

use super::AppenderLimits;
use super::intake::Waiter;
use crate::store::Prepared;
use crate::{AppendError, Appended};

/// Appends in the order of their arrival, and who waits for them.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Prepared>,
    waiters: Vec<Option<Waiter>>,
    events: usize,
    bytes: usize,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn would_exceed(&self, more: &Prepared, limits: AppenderLimits) -> bool {
        self.events + more.events > limits.events || self.bytes + more.bytes > limits.bytes
    }

    pub(super) fn push(&mut self, request: Prepared, waiter: Waiter) {
        self.events += request.events;
        self.bytes += request.bytes;
        self.requests.push(request);
        self.waiters.push(Some(waiter));
    }

    pub(super) fn requests(&self, range: Range<usize>) -> &[Prepared] {
        self.requests.get(range).unwrap_or_default()
    }

    /// Tells a waiter. It may be gone: nobody minds.
    pub(super) fn answer(&mut self, index: usize, answer: Result<Appended, AppendError>) {
        if let Some(waiter) = self.waiters.get_mut(index).and_then(Option::take) {
            let _ = waiter.send(answer);
        }
    }

    /// Tells all of a range that the database failed.
    pub(super) fn fail(&mut self, range: Range<usize>, error: &DbError) {
        for index in range {
            self.answer(index, Err(error.clone().into()));
        }
    }
}
