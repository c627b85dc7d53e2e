//! The right to work on one request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use tokio::time::Instant;

use super::loan::{Lending, Loan};
use super::outcome::Outcome;
use super::{Admission, Course};

/// The right to work on one request; given back when it ends or is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit<'a> {
    held: Option<Held<'a>>,
}

#[derive(Debug)]
struct Held<'a> {
    admission: &'a Admission,
    course: &'a Course,
    begun: Instant,
    loan: Option<Arc<Loan>>,
}

impl<'a> Permit<'a> {
    /// A permit that was counted in its lane.
    pub(super) fn held(admission: &'a Admission, course: &'a Course) -> Self {
        let begun = admission.clock().now();
        Self { held: Some(Held { admission, course, begun, loan: None }) }
    }

    /// A permit where none are needed.
    pub(crate) fn unlimited() -> Self {
        Self { held: None }
    }

    /// A body that lends the permit to others while it is waited for.
    pub(crate) fn lend_while_reading(&mut self, body: Body) -> Body {
        match &mut self.held {
            // A body that has all come, or is none, is never waited for.
            Some(held) if !http_body::Body::is_end_stream(&body) => {
                let loan = Loan::new(held.admission.clone(), held.course.cost, held.course.priority);
                let loan = held.loan.insert(Arc::new(loan));
                Body::new(Lending::new(body, Arc::clone(loan)))
            }
            _ => body,
        }
    }

    /// Gives the permit back, and tells what came of the work.
    pub(crate) fn end(mut self, outcome: Outcome) {
        if let Some(held) = self.held.take() {
            held.end(outcome);
        }
    }
}

impl Held<'_> {
    fn end(self, outcome: Outcome) {
        let Self { admission, course, begun, loan } = self;
        let now = admission.clock().now();
        let lane = admission.lane(course.cost);
        let (is_ours, lent) = loan.map_or((true, Duration::ZERO), |loan| loan.end());
        if is_ours {
            lane.note(now, outcome, now.saturating_duration_since(begun).saturating_sub(lent), &course.usual);
            lane.release(now);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.end(Outcome::Other);
        }
    }
}
