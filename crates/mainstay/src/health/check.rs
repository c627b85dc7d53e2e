//! What is checked, and what a check finds.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

/// What a check found, with a sentence for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    condition: Condition,
    message: String,
}

/// How well something is. The order is from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It works.
    Healthy,
    /// It works worse than it should.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// What it means for the service when a check finds something unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criticality {
    /// The service cannot serve: it is unhealthy, and not ready.
    Critical,
    /// The service can still serve: it is degraded, and ready.
    Contributing,
}

/// Looks at one dependency. Any closure that returns a future of something that becomes a [`Finding`] is one:
/// a `Finding` itself, or a `Result` whose error can be shown.
///
/// A check is called every [`Pace::interval`](super::Pace) from the health lane's own thread; it must not block,
/// and it is dropped at its timeout.
pub trait Check: Send + Sync + 'static {
    /// Looks once.
    fn check(&self) -> BoxFuture<'static, Finding>;
}

/// A check with its name and its rules.
pub(super) struct Registered {
    pub(super) name: &'static str,
    pub(super) criticality: Criticality,
    pub(super) timeout: Option<Duration>,
    pub(super) check: Box<dyn Check>,
}

impl Condition {
    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl Finding {
    /// It works.
    pub fn healthy(message: impl Into<String>) -> Self {
        Self { condition: Condition::Healthy, message: message.into() }
    }

    /// It works worse than it should.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self { condition: Condition::Degraded, message: message.into() }
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self { condition: Condition::Unhealthy, message: message.into() }
    }

    /// How well it is.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// The sentence for operators; the public never sees it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Finding {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::healthy("works"),
            Err(error) => Self::unhealthy(error.to_string()),
        }
    }
}

impl<F, Fut> Check for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Into<Finding>> + Send + 'static,
{
    fn check(&self) -> BoxFuture<'static, Finding> {
        let looking = self();
        Box::pin(async move { looking.await.into() })
    }
}
