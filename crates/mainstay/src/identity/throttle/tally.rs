//! Failures, and the wait that they bring.

use std::time::Duration;

use tokio::time::Instant;

/// How failures become waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// So many failures bring no wait.
    pub(super) free: u32,
    /// The wait after the first failure beyond; it doubles with each further one.
    pub(super) first: Duration,
    /// The longest wait.
    pub(super) longest: Duration,
    /// One failure is forgiven in this time.
    pub(super) forgives: Duration,
}

/// The failures that count, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    failures: u32,
    /// The last failure, as far as it is not forgiven yet.
    last: Instant,
    /// Whether a sign-in has succeeded here.
    pub(super) is_known: bool,
}

impl Tally {
    /// Nothing was counted yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { failures: 0, last: now, is_known: false }
    }

    /// A sign-in has just succeeded.
    pub(super) fn known(now: Instant) -> Self {
        Self { failures: 0, last: now, is_known: true }
    }

    /// With one failure more.
    pub(super) fn failed(self, rule: &Rule, now: Instant) -> Self {
        Self { failures: self.left(rule, now).saturating_add(1), last: now, ..self }
    }

    /// With one failure less.
    pub(super) fn taken_back(self) -> Self {
        Self { failures: self.failures.saturating_sub(1), ..self }
    }

    /// How long the next attempt has to wait.
    pub(super) fn wait(&self, rule: &Rule, now: Instant) -> Duration {
        let Some(beyond) = self.left(rule, now).checked_sub(rule.free) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        let wait = rule.first.saturating_mul(factor).min(rule.longest);
        wait.saturating_sub(now.saturating_duration_since(self.last))
    }

    /// What a table loses when it gives this up.
    pub(super) fn weight(&self) -> (u32, Instant) {
        const KNOWN: u32 = 4;
        (self.failures.saturating_add(if self.is_known { KNOWN } else { 0 }), self.last)
    }

    /// The failures that are not forgiven yet.
    fn left(&self, rule: &Rule, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.last).as_millis();
        let forgiven = passed / rule.forgives.as_millis().max(1);
        self.failures.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}
