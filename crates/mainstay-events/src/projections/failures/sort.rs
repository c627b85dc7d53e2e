//! What follows from a failure: decided here, by the failure alone.

use mainstay_db::DbErrorKind;

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
