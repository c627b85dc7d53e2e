//! The circuit breaker in front of the database.
//!
//! A database that is gone, or that stands still, is not asked by everybody all the time: calls are refused at once, and told
//! when to come back.
//!
//! | what came of a use | counts as |
//! |---|---|
//! | an answer, be it that the statement was wrong, the row refused, the disk full | success; slow if a statement was |
//! | no connection could be opened; the line broke | failure |
//! | a statement of a request was interrupted after a second or more | failure |
//! | a statement was interrupted earlier: nobody waited any longer | nothing |
//! | a statement of slow or background work was interrupted | nothing: those are long by nature |
//! | no connection was free in time | nothing: that is our own load, and refusing all of it would make it worse |
//!
//! The **probe** of health knows more than any of them. When it fails three times in a row the database stands still: the
//! circuit opens, and whoever waits for a connection or a statement is sent away instead of waiting on. When it succeeds again,
//! the circuit need not wait for its time, and the probe takes part in the trials, so that they end without anybody's requests.
//!
//! Migrations, leases and probes themselves are never refused.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_core::Clock;
use mainstay_resilience::{
    Breaker, BreakerSettings, BreakerSnapshot, BreakerState, Outcome, Permit, Transition,
};
use tokio::sync::watch;

use crate::{DatabaseSettings, DbError, DbErrorKind, Work};

/// The name in metrics and logs.
const NAME: &str = "database";

/// So many probes in a row must fail before the database stands still.
const STANDS_STILL: u32 = 3;

/// A statement that was interrupted earlier says nothing of the database: its caller had no more time to give.
const TELLING: Duration = Duration::from_secs(1);

/// While it is half open: trials are short.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

/// The breaker of a database. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Circuit {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    breaker: Breaker,
    failed_probes: AtomicU32,
    stands_still: watch::Sender<bool>,
}

/// How the circuit breaker of a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitStatus {
    /// Whether calls pass, and what was counted.
    pub breaker: BreakerSnapshot,
    /// What it judges by.
    pub settings: BreakerSettings,
    /// Whether probes fail, and calls are not waited for any more.
    pub stands_still: bool,
    /// How long calls are refused yet; `None` while they pass.
    pub refuses_for: Option<Duration>,
}

/// One use of the database, from its admission to its end.
#[derive(Debug, Default)]
pub(super) struct Call {
    permit: Option<Permit>,
    stands_still: Option<watch::Receiver<bool>>,
    counts_interrupted: bool,
    slowest: Duration,
    was_answered: bool,
}

impl Circuit {
    pub(super) fn new(settings: &DatabaseSettings, clock: &Clock) -> Self {
        let breaker = Breaker::new(settings.breaker, clock, report);
        let shared =
            Shared { breaker, failed_probes: AtomicU32::new(0), stands_still: watch::Sender::new(false) };
        Self { shared: Arc::new(shared) }
    }

    /// Asks whether the database may be used.
    ///
    /// # Errors
    ///
    /// [`CircuitOpen`](DbErrorKind::CircuitOpen).
    pub(super) fn admit(&self, work: Work) -> Result<Call, DbError> {
        if matches!(work, Work::Control | Work::Health) {
            return Ok(Call::default());
        }
        let refused = |wait| DbError::new(DbErrorKind::CircuitOpen).retry_after(wait);
        let permit = self.shared.breaker.admit().map_err(|rejected| refused(rejected.retry_after))?;
        Ok(Call {
            permit: Some(permit),
            stands_still: Some(self.shared.stands_still.subscribe()),
            counts_interrupted: work == Work::Web,
            ..Call::default()
        })
    }

    /// Takes in what a probe found.
    pub(super) fn probed(&self, found: &Result<(), DbError>) {
        let Shared { breaker, failed_probes, stands_still } = &*self.shared;
        match found.as_ref().map_err(DbError::kind) {
            Ok(()) => {
                failed_probes.store(0, Ordering::Relaxed);
                if stands_still.send_replace(false) {
                    breaker.hasten();
                }
                if breaker.snapshot().state != BreakerState::Closed
                    && let Ok(trial) = breaker.admit()
                {
                    trial.settle_after(Outcome::Success, Duration::ZERO);
                }
            }
            Err(DbErrorKind::Unreachable | DbErrorKind::TimedOut) => {
                let failed = failed_probes.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                if failed >= STANDS_STILL {
                    // First the breaker: who is sent away must not find it closed.
                    breaker.trip();
                    stands_still.send_replace(true);
                }
            }
            // It answered, and that it does not like the question is another matter.
            Err(_) => {}
        }
        show(breaker);
    }

    pub(super) fn status(&self) -> CircuitStatus {
        let (breaker, settings) = (self.shared.breaker.snapshot(), self.shared.breaker.settings());
        let refuses_for = match breaker.state {
            BreakerState::Closed => None,
            BreakerState::HalfOpen => Some(TRIAL_WAIT),
            BreakerState::Open => Some(breaker.open_for.unwrap_or(settings.open_for)),
        };
        CircuitStatus { breaker, settings, stands_still: *self.shared.stands_still.borrow(), refuses_for }
    }
}

impl Call {
    /// Does some work, unless the database stands still. Pinned by the caller: handed over, it would take its room twice.
    pub(super) async fn unless_it_stands_still<T>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T, DbError>>>,
    ) -> Result<T, DbError> {
        let mut news = self.stands_still.clone();
        let stands_still = async {
            match &mut news {
                // The sender lives as long as the database, and a call no longer.
                Some(news) => drop(news.wait_for(|stands_still| *stands_still).await),
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = stands_still => Err(DbError::new(DbErrorKind::Unreachable).because("its probes are not answered")),
        }
    }

    /// Takes in what came of a statement.
    pub(super) fn note<T>(&mut self, result: &Result<T, DbError>, took: Duration) {
        self.slowest = self.slowest.max(took);
        match result.as_ref().map_err(DbError::kind) {
            Err(DbErrorKind::Unreachable) => self.fail(),
            Err(DbErrorKind::TimedOut) if took >= TELLING && self.counts_interrupted => self.fail(),
            Err(DbErrorKind::TimedOut | DbErrorKind::PoolExhausted | DbErrorKind::Closed) => {}
            _ => self.was_answered = true,
        }
    }

    /// Takes in that no connection could be opened.
    pub(super) fn note_refused(&mut self, error: &DbError) {
        // A server that knows us no more is asked by nobody for a while: the next password may be the right one.
        if matches!(error.kind(), DbErrorKind::Unreachable | DbErrorKind::Denied) {
            self.fail();
        }
    }

    fn fail(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.settle(Outcome::Failure);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take().filter(|_| self.was_answered) {
            permit.settle_after(Outcome::Success, self.slowest);
        }
    }
}

/// Called by the breaker outside of its lock, once for each change.
fn report(change: Transition) {
    let (from, to) = (change.from.as_str(), change.to.as_str());
    metrics::counter!("breaker_transitions_total", "dependency" => NAME, "to" => to).increment(1);
    if let Some(open_for) = change.open_for {
        tracing::error!(dependency = NAME, from, to, ?open_for, "circuit opened");
    } else {
        tracing::warn!(dependency = NAME, from, to, "circuit changed");
    }
}

/// Not at each change: two that come at once might show in the wrong order, and stay so.
fn show(breaker: &Breaker) {
    metrics::gauge!("breaker_state", "dependency" => NAME).set(breaker.snapshot().state.level());
}

#[cfg(test)]
mod tests {
    use mainstay_core::ManualClock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn circuit() -> (Circuit, ManualClock) {
        let (clock, hands) = Clock::manual();
        (Circuit::new(&DatabaseSettings::in_memory(), &clock), hands)
    }

    fn error(kind: DbErrorKind) -> Result<(), DbError> {
        Err(DbError::new(kind))
    }

    /// What the breaker counted after one use: calls and failures.
    fn counted(work: Work, result: &Result<(), DbError>, took: Duration) -> (u32, u32) {
        let (circuit, _hands) = circuit();
        let mut call = circuit.admit(work).expect("closed");
        call.note(result, took);
        drop(call);
        let breaker = circuit.status().breaker;
        (breaker.calls, breaker.failures)
    }

    #[test]
    fn each_row_of_the_table() {
        use DbErrorKind::{
            Bug, Busy, Closed, Constraint, Full, PoolExhausted, Serialization, TimedOut, Unreachable,
        };
        let (success, failure, nothing) = ((1, 0), (1, 1), (0, 0));
        assert_eq!(counted(Work::Web, &Ok(()), SECOND), success);
        for answered in [Bug, Busy, Constraint, Full, Serialization] {
            assert_eq!(counted(Work::Web, &error(answered), SECOND), success, "{answered:?}");
        }
        for work in [Work::Web, Work::Slow, Work::Background] {
            assert_eq!(counted(work, &error(Unreachable), Duration::ZERO), failure, "{work:?}");
        }
        assert_eq!(counted(Work::Web, &error(TimedOut), SECOND), failure);
        assert_eq!(counted(Work::Web, &error(TimedOut), SECOND / 2), nothing);
        for long in [Work::Slow, Work::Background] {
            assert_eq!(counted(long, &error(TimedOut), 30 * SECOND), nothing, "{long:?}");
        }
        for own in [PoolExhausted, Closed] {
            assert_eq!(counted(Work::Web, &error(own), SECOND), nothing, "{own:?}");
        }
        for unseen in [Work::Control, Work::Health] {
            assert_eq!(counted(unseen, &error(Unreachable), SECOND), nothing, "{unseen:?}");
        }
    }

    #[test]
    fn a_use_fails_once_however_many_statements_do() {
        let (circuit, _hands) = circuit();
        let mut call = circuit.admit(Work::Web).expect("closed");
        call.note(&Ok(()), SECOND);
        call.note(&error(DbErrorKind::Unreachable), SECOND);
        call.note(&error(DbErrorKind::Unreachable), SECOND);
        drop(call);
        let breaker = circuit.status().breaker;
        assert_eq!((breaker.calls, breaker.failures), (1, 1));
    }

    #[test]
    fn a_connection_that_cannot_be_opened_is_a_failure_and_a_wait_in_vain_is_none() {
        for (kind, failures) in
            [(DbErrorKind::Unreachable, 1), (DbErrorKind::Denied, 1), (DbErrorKind::PoolExhausted, 0)]
        {
            let (circuit, _hands) = circuit();
            circuit.admit(Work::Web).expect("closed").note_refused(&DbError::new(kind));
            assert_eq!(circuit.status().breaker.failures, failures, "{kind:?}");
        }
    }

    #[test]
    fn probes_open_it_and_close_it_again() {
        let (circuit, hands) = circuit();
        for _ in 0..STANDS_STILL {
            assert!(!circuit.status().stands_still && circuit.admit(Work::Web).is_ok());
            circuit.probed(&error(DbErrorKind::TimedOut));
        }
        let status = circuit.status();
        assert!(status.stands_still);
        let refused = circuit.admit(Work::Web).expect_err("open");
        assert_eq!((refused.kind(), refused.wait()), (DbErrorKind::CircuitOpen, status.refuses_for));
        assert!(circuit.admit(Work::Control).is_ok() && circuit.admit(Work::Health).is_ok());
        // 14 trials, all of them the probe's own.
        for _ in 0..14 {
            assert!(circuit.status().refuses_for.is_some());
            circuit.probed(&Ok(()));
        }
        assert_eq!(circuit.status().refuses_for, None);
        hands.advance(SECOND);
        assert!(circuit.admit(Work::Web).is_ok());
    }

    #[test]
    fn a_probe_that_fails_now_and_then_means_nothing() {
        let (circuit, _hands) = circuit();
        for _ in 0..20 {
            circuit.probed(&error(DbErrorKind::Unreachable));
            circuit.probed(&error(DbErrorKind::Unreachable));
            circuit.probed(&Ok(()));
        }
        assert_eq!(circuit.status().refuses_for, None);
    }

    #[tokio::test]
    async fn whoever_waits_is_sent_away_when_it_stands_still() {
        let (circuit, _hands) = circuit();
        let call = circuit.admit(Work::Web).expect("closed");
        let endless = std::pin::pin!(pending::<Result<(), DbError>>());
        let waiting = call.unless_it_stands_still(endless);
        let probes = async { (0..STANDS_STILL).for_each(|_| circuit.probed(&error(DbErrorKind::TimedOut))) };
        let (sent_away, ()) = futures_util::join!(waiting, probes);
        assert_eq!(sent_away.expect_err("an error").kind(), DbErrorKind::Unreachable);
    }
}
