//! A circuit breaker.
//!
//! As everywhere: it is *closed* when calls pass, and *open* when they are refused.
//!
//! | state | a call | leaves the state |
//! |---|---|---|
//! | closed | passes; its outcome is counted in a window of ten seconds | opens when the window holds at least 20 calls and at least half of them failed, or 80 % were slow |
//! | open | is refused, and told for how long | half open after 5 s; after 10 s, 20 s … 60 s when it had to open again soon after; each ± 20 % |
//! | half open | passes when one of the few trials is free: 1, then 3, then 10 | closes when all of them succeeded; opens at the first that failed or was slow |
//!
//! A call that is dropped before its end counts for nothing, and its trial goes to the next caller. So does one whose outcome
//! comes when the state is another by then: what was asked before the breaker opened says nothing of how things are now.
//! What the caller did wrong, and what the caller gave up, is no failure of the dependency: see [`Outcome`].

mod config;
mod core;
mod permit;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::Clock;

use self::core::Core;

pub use config::BreakerSettings;
pub use permit::{Outcome, Permit};

/// A circuit breaker in front of one dependency. Clones share its state.
///
/// ```
/// use mainstay_core::Clock;
/// use mainstay_resilience::{Breaker, BreakerSettings, BreakerState, Outcome};
///
/// let (clock, hands) = Clock::manual();
/// let breaker = Breaker::new(BreakerSettings::default(), &clock, |change| println!("{change:?}"));
/// for _ in 0..20 {
///     breaker.admit().unwrap().settle(Outcome::Failure);
/// }
/// let refused = breaker.admit().unwrap_err();
/// hands.advance(refused.retry_after);
/// let trial = breaker.admit().unwrap();
/// assert_eq!(breaker.snapshot().state, BreakerState::HalfOpen);
/// assert!(breaker.admit().is_err(), "one trial at first");
/// trial.settle(Outcome::Success);
/// ```
#[derive(Clone)]
pub struct Breaker {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    core: Mutex<Core>,
    observer: Box<dyn Fn(Transition) + Send + Sync>,
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// They pass.
    Closed,
    /// A few pass, as a trial.
    HalfOpen,
    /// None passes.
    Open,
}

/// A state that an operator holds the breaker in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// Every call passes, whatever comes of it.
    Closed,
    /// No call passes.
    Open,
}

/// The call was refused: the dependency fails, and is given time to recover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open")]
pub struct Rejected {
    /// When another try makes sense.
    pub retry_after: Duration,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: BreakerState,
    /// The state from now on.
    pub to: BreakerState,
    /// For how long it stays open at least; nothing for the other states.
    pub open_for: Option<Duration>,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSnapshot {
    /// Whether calls pass.
    pub state: BreakerState,
    /// Whether an operator holds it there.
    pub forced: Option<Forced>,
    /// Calls in the window.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them succeeded, but took long.
    pub slow: u32,
    /// How long it stays open yet.
    pub open_for: Option<Duration>,
    /// How often it opened since it was made.
    pub opened: u64,
}

impl Breaker {
    /// A closed breaker. The `observer` is told of each change of state once, outside of the breaker's lock.
    pub fn new(
        settings: BreakerSettings,
        clock: &Clock,
        observer: impl Fn(Transition) + Send + Sync + 'static,
    ) -> Self {
        let core = Mutex::new(Core::new(settings, clock.now()));
        Self { shared: Arc::new(Shared { clock: clock.clone(), core, observer: Box::new(observer) }) }
    }

    /// Asks whether a call may be made. Say with [`Permit::settle`] what came of it.
    ///
    /// # Errors
    ///
    /// [`Rejected`] while it is open, and half open without a free trial.
    pub fn admit(&self) -> Result<Permit, Rejected> {
        let now = self.shared.clock.now();
        let (verdict, change) = self.shared.core().admit(now);
        self.shared.report(change);
        verdict.map(|epoch| Permit::new(self.clone(), epoch, now))
    }

    /// Holds it in a state, or lets it go on by itself: closed, with an empty window.
    pub fn force(&self, forced: Option<Forced>) {
        let now = self.shared.clock.now();
        let change = self.shared.core().force(forced, now);
        self.shared.report(change);
    }

    /// Opens it if it is not open: somebody knows that the dependency fails, without having called it here.
    pub fn trip(&self) {
        let now = self.shared.clock.now();
        let change = self.shared.core().trip(now);
        self.shared.report(change);
    }

    /// Ends the wait of an open one: somebody knows that the dependency is back. The next call is its trial.
    pub fn hasten(&self) {
        let now = self.shared.clock.now();
        self.shared.core().hasten(now);
    }

    /// How it stands.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let now = self.shared.clock.now();
        self.shared.core().snapshot(now)
    }

    /// What it judges by.
    pub fn settings(&self) -> BreakerSettings {
        self.shared.core().settings()
    }
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        // Its methods do not panic between two writes, and a breaker must not take requests down.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, change: Option<Transition>) {
        if let Some(change) = change {
            (self.observer)(change);
        }
    }
}

impl BreakerState {
    /// The state as a snake-case word, for labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The state as the number that gauges show: 0 closed, 1 half open, 2 open.
    pub fn level(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Breaker").field(&self.snapshot()).finish()
    }
}
