//! One at a time.

use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::sleep;

use super::MigrationError;
use crate::{Database, DbErrorKind, Dialect, ReadConnection, Work, WriteTransaction, query};

/// How long another process that migrates, or writes otherwise, is waited for.
const LOCK_WAIT: Duration = Duration::from_mins(2);

/// Pause between two tries at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The lock's name among a server's advisory locks: "mainstay" in ASCII.
const LOCK_KEY: i64 = i64::from_be_bytes(*b"mainstay");

/// Held for a whole run: nobody else migrates meanwhile.
///
/// On PostgreSQL it is a lock of a session of its own, so that it also holds between transactions, and while a
/// statement runs outside one; it ends with the session, also when the process is killed. SQLite's write lock is
/// taken by each step anew, which reads under it what is applied.
pub(super) struct RunLock {
    session: Option<ReadConnection>,
}

impl RunLock {
    pub(super) async fn wait(database: &Database, clock: &Clock) -> Result<Self, MigrationError> {
        if database.dialect() == Dialect::Sqlite {
            return Ok(Self { session: None });
        }
        // In its guard from here on: a wait that is dropped must not leave the lock in a pool.
        let mut lock = Self { session: Some(database.for_work(Work::Control).read().await?) };
        let deadline = clock.now() + LOCK_WAIT;
        let (_wait, mut told) = (database.await_lock(LOCK_WAIT), false);
        while !lock.ask("select pg_try_advisory_lock($1)").await? {
            if clock.now() >= deadline {
                return Err(MigrationError::Locked);
            }
            tell_once(&mut told);
            sleep(LOCK_PAUSE).await;
        }
        Ok(lock)
    }

    /// Makes sure that the lock is still held: its session may have gone with the server.
    pub(super) async fn check(&mut self) -> Result<(), MigrationError> {
        self.ask("select $1::bigint is not null").await.map(drop)
    }

    /// Gives the lock back at once.
    pub(super) async fn release(mut self) {
        // Where that fails, the end of the session does it.
        let _ = self.ask("select pg_advisory_unlock($1)").await;
    }

    async fn ask(&mut self, sql: &'static str) -> Result<bool, MigrationError> {
        let Some(session) = &mut self.session else { return Ok(true) };
        Ok(query(sql).bind(LOCK_KEY).fetch_one(session).await?.get(0)?)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            session.discard();
        }
    }
}

/// The transaction of one step; on SQLite another process may hold the write lock for longer than a request would
/// wait: because it migrates.
pub(super) async fn step(database: &Database, clock: &Clock) -> Result<WriteTransaction, MigrationError> {
    let database = database.for_work(Work::Control);
    if database.dialect() != Dialect::Sqlite {
        return Ok(database.write().await?);
    }
    let deadline = clock.now() + LOCK_WAIT;
    let (_wait, mut told) = (database.await_lock(LOCK_WAIT), false);
    loop {
        match database.write().await {
            Err(error) if error.kind() != DbErrorKind::Busy => return Err(error.into()),
            Err(_) if clock.now() >= deadline => return Err(MigrationError::Locked),
            Err(_) => {
                tell_once(&mut told);
                sleep(LOCK_PAUSE).await;
            }
            Ok(write) => return Ok(write),
        }
    }
}

fn tell_once(told: &mut bool) {
    if !std::mem::replace(told, true) {
        tracing::warn!("another process holds the lock of the database: the migration waits for it");
    }
}
