//! One connection to a SQLite file.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt as _, TryStreamExt as _};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};
use sqlx::{SqlSafeStr as _, query, query_with, raw_sql};
use tokio::time::timeout;

use super::{convert, error};
use crate::driver::{Begin, Role};
use crate::{DbError, DbErrorKind, Row, Value};

/// SQLite asks the progress handler once per this many of its virtual machine's steps: some tens of
/// microseconds apart.
const STEPS_PER_PROGRESS_CHECK: i32 = 2_000;

/// What the file of the write-ahead log is cut back to once its contents were moved: 64 MiB.
const WRITE_AHEAD_LOG_BYTES: &str = "67108864";

/// How long an interrupted statement gets to notice. Longer means it hangs in the operating system.
const INTERRUPT_GRACE: Duration = Duration::from_secs(1);

/// How files are opened.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) path: PathBuf,
    /// Whether a commit waits until it would survive a power cut.
    pub(crate) durable: bool,
    /// How long a lock of another process is waited for.
    pub(crate) busy_timeout: Duration,
}

/// One connection: a thread of the driver's own, which holds the handle and works through a queue.
#[derive(Debug)]
pub(crate) struct Driver {
    connection: SqliteConnection,
    /// Read by the progress handler: a running statement stops when it is up.
    interrupt: Arc<AtomicBool>,
    /// Whether everything that was sent has been answered.
    settled: bool,
}

impl Driver {
    pub(crate) async fn open(options: &Options, role: Role) -> Result<Self, DbError> {
        let base = SqliteConnectOptions::new()
            .filename(&options.path)
            .busy_timeout(options.busy_timeout)
            .foreign_keys(true)
            .statement_cache_capacity(256)
            .row_buffer_size(256)
            .disable_statement_logging();
        let connect = match role {
            // FULL: without it, the last commits before a power cut may be gone although they were answered.
            Role::Writer => base
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // A log that one large transaction has blown up is cut back by the next that begins it anew.
                .pragma("journal_size_limit", WRITE_AHEAD_LOG_BYTES)
                .synchronous(if options.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off }),
            // Not opened read-only: the first to open a file after a crash must be able to recover its WAL.
            Role::Reader => base.pragma("query_only", "on"),
        };
        let mut connection = connect.connect().await.map_err(error::classify)?;
        let interrupt = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&interrupt);
        connection
            .lock_handle()
            .await
            .map_err(error::classify)?
            .set_progress_handler(STEPS_PER_PROGRESS_CHECK, move || !asked.load(Ordering::Relaxed));
        Ok(Self { connection, interrupt, settled: true })
    }

    /// Whether the connection owes no answer.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Runs one prepared statement, hands its rows to `each`, and counts the changes.
    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
        limit: Option<Duration>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, DbError> {
        let arguments = convert::arguments(values)?;
        let statement = query_with(AssertSqlSafe(sql).into_sql_str(), arguments);
        let connection = &mut self.connection;
        let work = async move {
            let mut changed = 0;
            let mut answers = connection.fetch_many(statement);
            while let Some(answer) = answers.try_next().await.map_err(error::classify)? {
                match answer {
                    Either::Left(done) => changed += done.rows_affected(),
                    Either::Right(row) => each(convert::row(&row)?),
                }
            }
            Ok(changed)
        };
        self.settled = false;
        within(limit, &self.interrupt, &mut self.settled, work).await
    }

    /// Runs a text of several statements without placeholders.
    pub(crate) async fn script(&mut self, sql: String, limit: Option<Duration>) -> Result<(), DbError> {
        let connection = &mut self.connection;
        let work = async move {
            connection.execute(raw_sql(AssertSqlSafe(sql))).await.map_err(error::classify).map(drop)
        };
        self.settled = false;
        within(limit, &self.interrupt, &mut self.settled, work).await
    }

    pub(crate) async fn begin(&mut self, how: Begin) -> Result<(), DbError> {
        let sql = match how {
            Begin::Snapshot => "begin deferred",
            Begin::Write => "begin immediate",
        };
        // No limit of ours: waiting for a lock is bounded by the busy timeout.
        self.run(Cow::Borrowed(sql), Vec::new(), None, &mut |_| {}).await.map(drop)
    }

    pub(crate) async fn commit(&mut self, limit: Option<Duration>) -> Result<(), DbError> {
        self.run(Cow::Borrowed("commit"), Vec::new(), limit, &mut |_| {}).await.map(drop)
    }

    /// Interrupts what runs and queues a rollback behind it, without waiting for either.
    ///
    /// [`Driver::recover`] must come before the next use.
    pub(crate) fn abandon(&mut self) {
        self.settled = false;
        self.interrupt.store(true, Ordering::Relaxed);
        // One poll puts the command into the queue (one statement at a time is in it, of fifty places), and
        // the thread works through its queue whether or not an answer is awaited. After a commit that was
        // already under way, and where SQLite rolled back by itself, the statement fails, as it should.
        //
        // Not from the cache of statements: a statement counts its steps over all its runs, so one in some
        // thousand rollbacks would come by the progress handler, find itself interrupted, and leave the
        // transaction open for ever.
        let rollback = query("rollback").persistent(false);
        let _ = rollback.execute(&mut self.connection).now_or_never();
    }

    /// Waits until the queue is worked off, and makes an abandoned connection good again.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub(crate) async fn recover(&mut self) -> Result<(), DbError> {
        self.connection.ping().await.map_err(error::classify)?;
        self.interrupt.store(false, Ordering::Relaxed);
        self.settled = true;
        Ok(())
    }

    /// Closes the handle and waits for it: the last one of a file also empties its WAL.
    pub(crate) async fn close(self) -> Result<(), DbError> {
        self.connection.close().await.map_err(error::classify)
    }
}

/// Waits for an answer; interrupts the statement when the limit is over.
///
/// `settled` is set as soon as the connection has answered, in whatever way.
async fn within<T>(
    limit: Option<Duration>,
    interrupt: &AtomicBool,
    settled: &mut bool,
    work: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    let mut work = std::pin::pin!(work);
    let in_time = match limit {
        None => Some(work.as_mut().await),
        Some(limit) => timeout(limit, work.as_mut()).await.ok(),
    };
    let answer = if let Some(answer) = in_time {
        answer
    } else {
        interrupt.store(true, Ordering::Relaxed);
        let answer = timeout(INTERRUPT_GRACE, work).await;
        // Not settled: whoever wants this connection next has to wait for it.
        let answer = answer.map_err(|_| DbError::new(DbErrorKind::TimedOut))?;
        interrupt.store(false, Ordering::Relaxed);
        answer
    };
    *settled = true;
    answer
}
