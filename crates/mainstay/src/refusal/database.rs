//! What clients are told of a failing database.

use std::time::Duration;

use mainstay_core::random;
use mainstay_db::{DbError, DbErrorKind};

use super::{ErrorCode, Refusal};

/// Soonest time to come back after a failure that may pass by itself.
const FLOOR: Duration = Duration::from_secs(1);

/// Latest time to come back: whoever fails for longer is worth a look every minute.
const CEILING: Duration = Duration::from_mins(1);

/// The least spread of those who come back, in milliseconds.
const JITTER_MS: u64 = 2_000;

/// | kind | code |
/// |---|---|
/// | no connection was free in time | `pool_exhausted` |
/// | a statement ran too long | `query_timeout` |
/// | it cannot be reached, written or believed; somebody else holds it; the user is refused | `database_unavailable` |
/// | the transaction gave way to another one | `database_unavailable`: the same request may succeed at once |
/// | it is given time to recover | `circuit_open` |
/// | closed | `draining` |
/// | a constraint, an aborted transaction, bad SQL: our own mistakes | `internal_error` |
impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        let code = match error.kind() {
            DbErrorKind::PoolExhausted => ErrorCode::PoolExhausted,
            DbErrorKind::TimedOut => ErrorCode::QueryTimeout,
            DbErrorKind::CircuitOpen => ErrorCode::CircuitOpen,
            DbErrorKind::Closed => ErrorCode::Draining,
            DbErrorKind::Unreachable
            | DbErrorKind::Denied
            | DbErrorKind::Busy
            | DbErrorKind::Serialization
            | DbErrorKind::Full
            | DbErrorKind::ReadOnly
            | DbErrorKind::Corrupt => ErrorCode::DatabaseUnavailable,
            _ => return Self::new(ErrorCode::InternalError).because(error),
        };
        Self::of_outage(code, error.wait()).because(error)
    }
}

impl Refusal {
    /// A refusal for the sake of something that may be well again after `wait`; soon, if nobody knows. Spread by up to a half, so
    /// that those who were refused together do not come back together.
    pub(crate) fn of_outage(code: ErrorCode, wait: Option<Duration>) -> Self {
        let wait = wait.unwrap_or(FLOOR).clamp(FLOOR, CEILING);
        let spread = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX).max(JITTER_MS);
        Self::new(code).retry_after(wait + Duration::from_millis(random::below(spread)))
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::Clock;
    use mainstay_db::{Database, DatabaseSettings, query};

    use super::*;

    fn refusal(error: DbError) -> (ErrorCode, bool) {
        let refusal = Refusal::from(error);
        assert!(refusal.cause().is_some(), "the log is told why");
        (refusal.code(), refusal.inner.retry_after.is_some_and(|wait| wait >= FLOOR))
    }

    #[tokio::test]
    async fn clients_are_told_whether_to_come_back() {
        let settings = DatabaseSettings {
            pool_max_size: 1,
            pool_timeout: Duration::from_millis(10),
            ..DatabaseSettings::in_memory()
        };
        let database = Database::open(&settings, &Clock::system()).await.unwrap();
        let mut only = database.read().await.unwrap();
        assert_eq!(refusal(database.read().await.unwrap_err()), (ErrorCode::PoolExhausted, true));
        let mistake = query("select * from nowhere").fetch_all(&mut only).await.unwrap_err();
        assert_eq!(refusal(mistake), (ErrorCode::InternalError, false));
        drop(only);
        database.close().await.unwrap();
        assert_eq!(refusal(database.read().await.unwrap_err()), (ErrorCode::Draining, true));
    }
}
