//! What clients are told of a failing database.

use std::time::Duration;

use mainstay_core::random;
use mainstay_db::{DbError, DbErrorKind};

use super::{ErrorCode, Refusal};

/// Soonest time to come back after a failure that may pass by itself.
const FLOOR: Duration = Duration::from_secs(1);

/// Spreads those who come back, in milliseconds beyond the floor.
const JITTER_MS: u64 = 2_000;

/// | kind | code |
/// |---|---|
/// | no connection was free in time | `pool_exhausted` |
/// | a statement ran too long | `query_timeout` |
/// | the file cannot be reached, written or believed; another process holds it | `database_unavailable` |
/// | closed | `draining` |
/// | a constraint, an aborted transaction, bad SQL: our own mistakes | `internal_error` |
impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        let code = match error.kind() {
            DbErrorKind::PoolExhausted => ErrorCode::PoolExhausted,
            DbErrorKind::TimedOut => ErrorCode::QueryTimeout,
            DbErrorKind::Closed => ErrorCode::Draining,
            DbErrorKind::Unreachable
            | DbErrorKind::Busy
            | DbErrorKind::Full
            | DbErrorKind::ReadOnly
            | DbErrorKind::Corrupt => ErrorCode::DatabaseUnavailable,
            _ => return Self::new(ErrorCode::InternalError).because(error),
        };
        let wait = FLOOR + Duration::from_millis(random::below(JITTER_MS));
        Self::new(code).retry_after(wait).because(error)
    }
}
