//! Transactions that give way to others.

use std::time::Duration;

use mainstay_core::random;
use tokio::time::sleep;

use crate::{DbError, DbErrorKind};

/// How often work is begun at most.
const TRIES: u32 = 4;

/// The longest pause before the second try, in milliseconds; doubled for each further one. A random part of it is waited:
/// those who met must not meet again.
const FIRST_PAUSE_MS: u64 = 10;

/// An error in which a [`DbError`] may be found.
pub trait AsDbError {
    /// The error of the database, if it is one.
    fn as_db_error(&self) -> Option<&DbError>;
}

impl AsDbError for DbError {
    fn as_db_error(&self) -> Option<&DbError> {
        Some(self)
    }
}

/// Does work again that had to give way to another transaction ([`DbErrorKind::Serialization`]): four times at most, with
/// random pauses of up to 10, 20 and 40 ms between them. Who waits for the answer no longer gets none: each try ends by
/// the [`Scope`](crate::Scope) it runs in.
///
/// The work begins its transaction itself, and everything it has read belongs to that: nothing of an earlier try may be
/// used again. On SQLite it is done once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use mainstay_core::Clock;
/// # use mainstay_db::{Database, DatabaseSettings, DbError, query, with_retries};
/// # let database = Database::open(&DatabaseSettings::in_memory(), &Clock::system()).await?;
/// with_retries(|| async {
///     let mut write = database.write().await?;
///     query("create table part (id integer primary key)").execute(&mut write).await?;
///     write.commit().await
/// })
/// .await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// That of the last try.
///
/// # Cancel safety
///
/// That of the work.
pub async fn with_retries<T, E, F>(work: impl Fn() -> F) -> Result<T, E>
where
    E: AsDbError,
    F: Future<Output = Result<T, E>>,
{
    let mut tries = 1;
    loop {
        let result = work().await;
        let gave_way = result.as_ref().is_err_and(|error| {
            error.as_db_error().is_some_and(|error| error.kind() == DbErrorKind::Serialization)
        });
        if !gave_way || tries >= TRIES {
            return result;
        }
        metrics::counter!("db_transactions_repeated_total").increment(1);
        let longest = FIRST_PAUSE_MS << (tries - 1);
        sleep(Duration::from_millis(random::below(longest + 1))).await;
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn only_what_gave_way_is_done_again_and_not_for_ever() {
        let count = Cell::new(0);
        let done = async |kind: DbErrorKind, until: u32| {
            count.set(0);
            let work = || async {
                count.set(count.get() + 1);
                if count.get() > until { Ok(()) } else { Err(DbError::new(kind)) }
            };
            with_retries(work).await.map_err(|error| error.kind())
        };
        assert_eq!((done(DbErrorKind::Serialization, 2).await, count.get()), (Ok(()), 3));
        assert_eq!(done(DbErrorKind::Serialization, 9).await, Err(DbErrorKind::Serialization));
        assert_eq!(count.get(), TRIES);
        assert_eq!(
            (done(DbErrorKind::Unreachable, 1).await, count.get()),
            (Err(DbErrorKind::Unreachable), 1)
        );
    }
}
