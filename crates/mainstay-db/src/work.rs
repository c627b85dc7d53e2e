//! Classes of work, and what the surroundings of a call say about it.

use tokio::time::Instant;

/// A class of work. Each has connections of its own, so that one cannot use up those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Work {
    /// Requests that people wait for. What nothing else is said of.
    Web,
    /// Requests of routes that are marked slow.
    Slow,
    /// Projections, jobs, upkeep: what nobody waits for.
    Background,
    /// What keeps instances in agreement: leases, invalidations, migrations. Little, and never behind others.
    Control,
    /// The question whether the database answers.
    Health,
}

impl Work {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Web, Self::Slow, Self::Background, Self::Control, Self::Health];

    /// The class as a word, for metric labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Slow => "slow",
            Self::Background => "background",
            Self::Control => "control",
            Self::Health => "health",
        }
    }

    /// Whether it goes before others where all have to queue: for SQLite's one writer.
    pub(crate) fn is_urgent(self) -> bool {
        matches!(self, Self::Web | Self::Control | Self::Health)
    }
}

/// What the surroundings of a call say about it: until when somebody waits, and which class of work it is.
///
/// A runtime sets it once around a handler; every use of a database within is then bounded by it, without a
/// parameter through all layers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use mainstay_core::Clock;
/// use mainstay_db::{Database, DatabaseSettings, DbErrorKind, Scope, Work, query};
///
/// let clock = Clock::system();
/// let database = Database::open(&DatabaseSettings::in_memory(), &clock).await?;
/// let scope = Scope::new().until(clock.now() + Duration::from_millis(20)).of(Work::Slow);
/// let late = scope.run(async {
///     let mut read = database.read().await?;
///     let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n";
///     query(endless).fetch_one(&mut read).await
/// });
/// assert_eq!(late.await.unwrap_err().kind(), DbErrorKind::TimedOut);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "a scope holds for what is run in it"]
pub struct Scope {
    deadline: Option<Instant>,
    work: Option<Work>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Scope {
    /// Says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nobody waits for an answer after `deadline`: no wait for a connection and no statement lasts longer.
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Names the class of work. A handle that names one itself ([`Database::for_work`](crate::Database::for_work))
    /// keeps its own.
    pub fn of(self, work: Work) -> Self {
        Self { work: Some(work), ..self }
    }

    /// Runs a future in this scope. What it does not say is taken from the scope around it, and the earlier of
    /// two deadlines counts.
    ///
    /// # Cancel safety
    ///
    /// That of the future.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let around = Self::current();
        let deadline = match (self.deadline, around.deadline) {
            (Some(inner), Some(outer)) => Some(inner.min(outer)),
            (inner, outer) => inner.or(outer),
        };
        let scope = Self { deadline, work: self.work.or(around.work) };
        SCOPE.scope(scope, future).await
    }

    /// The scope that the caller runs in; says nothing outside any.
    pub(crate) fn current() -> Self {
        SCOPE.try_with(|scope| *scope).unwrap_or_default()
    }

    pub(crate) fn deadline(self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn work(self) -> Option<Work> {
        self.work
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mainstay_core::Clock;

    use super::{Scope, Work};

    #[tokio::test]
    async fn the_inner_scope_adds_and_never_takes() {
        let now = Clock::system().now();
        let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        assert_eq!(Scope::current(), Scope::new());
        let outer = Scope::new().until(soon).of(Work::Slow);
        outer
            .run(async {
                assert_eq!(Scope::current(), outer);
                let inner = Scope::new().until(later);
                inner.run(async { assert_eq!(Scope::current(), outer, "the earlier deadline") }).await;
                let inner = Scope::new().of(Work::Background);
                inner.run(async { assert_eq!(Scope::current(), inner.until(soon)) }).await;
            })
            .await;
    }
}
