//! What follows from a failure: decided here, by the failure alone.

use std::collections::VecDeque;
use std::time::Duration;

use mainstay_db::DbErrorKind;
use tokio::time::Instant;

use crate::ProjectionError;

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// It passes by itself: tried again for ever, never skipped.
    Transient,
    /// The process is stopping.
    Stopping,
    /// The event cannot be applied, however often it is tried.
    Poison,
}

/// Sorts a failure.
///
/// | failure | sort |
/// |---|---|
/// | the database is busy, full, out of reach, out of connections, too slow, or chose another transaction | transient |
/// | the database is closed | stopping |
/// | a constraint, a wrong statement, a damaged or read-only file | poison |
/// | the event does not read, the projection refuses it or panics | poison |
pub fn sort(error: &ProjectionError) -> Sort {
    match error {
        ProjectionError::Database(error) if error.is_transient() => Sort::Transient,
        ProjectionError::Database(error) if error.kind() == DbErrorKind::Closed => Sort::Stopping,
        _ => Sort::Poison,
    }
}

/// More keys than this put aside within [`MASS_WINDOW`] are no matter of some events.
pub(super) const MASS_KEYS: usize = 10;
const MASS_WINDOW: Duration = Duration::from_mins(1);

/// Most keys that are put aside at all.
pub(super) const MOST_KEYS: usize = 1_000;

/// Tells a few bad events from bad code.
#[derive(Debug, Default)]
pub(super) struct MassPoison {
    recent: VecDeque<Instant>,
}

impl MassPoison {
    /// Notes that one more key is to be put aside, beside `kept` others; says whether that is too many.
    pub(super) fn note(&mut self, now: Instant, kept: usize) -> bool {
        self.recent.retain(|at| now.saturating_duration_since(*at) < MASS_WINDOW);
        self.recent.push_back(now);
        self.recent.len() >= MASS_KEYS || kept + 1 >= MOST_KEYS
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;

    use super::*;
    use crate::{DecodeError, Position};

    #[test]
    fn what_the_projection_says_is_poison() {
        assert_eq!(sort(&ProjectionError::Refused("no".into())), Sort::Poison);
        assert_eq!(sort(&ProjectionError::Panicked("oh".into())), Sort::Poison);
        let decode = DecodeError { position: Position::new(1), event_type: "x".into(), source: None };
        assert_eq!(sort(&ProjectionError::Decode(decode)), Sort::Poison);
    }

    #[tokio::test]
    async fn what_the_database_says_is_told_apart() {
        use mainstay_db::{Database, DatabaseSettings, query};
        let settings = DatabaseSettings {
            pool_max_size: 1,
            pool_timeout: Duration::from_millis(10),
            ..DatabaseSettings::in_memory()
        };
        let database = Database::open(&settings, &Clock::system()).await.expect("a database");
        let mut write = database.write().await.expect("the writer");
        let busy = database.write().await.expect_err("it is taken");
        assert_eq!(sort(&ProjectionError::Database(busy)), Sort::Transient);
        let bug = query("select * from nowhere").fetch_all(&mut write).await.expect_err("no such table");
        assert_eq!(sort(&ProjectionError::Database(bug)), Sort::Poison);
        drop(write);
        database.close().await.expect("closed");
        let closed = database.write().await.expect_err("closed");
        assert_eq!(sort(&ProjectionError::Database(closed)), Sort::Stopping);
    }

    #[test]
    fn ten_in_a_minute_or_a_thousand_in_all_are_too_many() {
        let (clock, hands) = Clock::manual();
        let mut mass = MassPoison::default();
        for _ in 0..9 {
            assert!(!mass.note(clock.now(), 0));
        }
        assert!(mass.note(clock.now(), 0));
        hands.advance(MASS_WINDOW);
        assert!(!mass.note(clock.now(), 500), "those are long ago");
        assert!(mass.note(clock.now(), MOST_KEYS - 1));
    }
}
