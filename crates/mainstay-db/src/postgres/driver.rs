//! One connection to a PostgreSQL server.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Connection, Error, Socket, Statement};

use super::convert::{self, Parameter};
use super::error::classify;
use super::options::Options;
use super::statements::Statements;
use super::tls::{Encrypted, Encryption};
use crate::driver::Begin;
use crate::{DbError, DbErrorKind, Row, Value};

/// How long a cancelled statement gets to notice. Longer means that the server does not answer at all.
const CANCEL_GRACE: Duration = Duration::from_secs(1);

/// A connection that lay unused for this long is asked whether it still stands.
const CHECK_AFTER: Duration = Duration::from_secs(5);

/// How long the server gets to take leave.
const FAREWELL_LIMIT: Duration = Duration::from_millis(500);

/// How long the server gets to note that we listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(2);

/// How long it gets to answer.
const CHECK_LIMIT: Duration = Duration::from_secs(1);

/// One connection.
///
/// The two halves of the driver are driven together by whoever waits for an answer, without a task between them: a
/// statement costs no hop from one task to another, and a connection is gone for good when this is dropped.
pub(crate) struct Driver {
    client: Client,
    line: Line,
    statements: Statements,
    encryption: Encryption,
    /// The words that begin a transaction, until its first statement carries them along: a round trip less.
    begin: Option<&'static str>,
    in_transaction: bool,
    /// Whether everything that was sent has been answered.
    settled: bool,
}

/// The half that reads and writes the socket.
struct Line {
    /// A cancellation was sent, and is not known to be spent. It goes by a connection of its own, and nobody tells when the
    /// server has heard it: it may end any later statement. So nobody uses this connection any more.
    is_haunted: bool,
    /// Gone when the line is over: with it go the ends of what still waits for an answer, which so learns of it.
    connection: Option<Box<Connection<Socket, Encrypted>>>,
    /// Why nothing comes any more.
    broken: Option<DbError>,
    /// The last word by which a bell was rung that this session listens to, until somebody has heard it.
    rung: Option<String>,
}

impl Driver {
    pub(crate) async fn open(options: &Options) -> Result<Self, DbError> {
        let connected = options.config.connect(options.encryption.clone()).await;
        let (client, connection) = connected.map_err(classify)?;
        Ok(Self {
            client,
            line: Line {
                is_haunted: false,
                connection: Some(Box::new(connection)),
                broken: None,
                rung: None,
            },
            statements: Statements::default(),
            encryption: options.encryption.clone(),
            begin: None,
            in_transaction: false,
            settled: true,
        })
    }

    /// Whether the connection owes no answer, and may be used on.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled && !self.line.is_haunted
    }

    /// Runs one prepared statement, hands its rows to `each`, and counts the changes.
    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
        limit: Option<Duration>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, DbError> {
        let mut result = self.run_once(&sql, &values, limit, each).await;
        if result.as_ref().is_err_and(Failed::is_of_stale_plan) {
            // The schema has changed since the statement was prepared; nothing of it was done yet.
            self.statements.clear();
            if !self.in_transaction {
                result = self.run_once(&sql, &values, limit, each).await;
            }
        }
        result.map_err(Failed::into_error)
    }

    async fn run_once(
        &mut self,
        sql: &str,
        values: &[Value],
        limit: Option<Duration>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, Failed> {
        let begin = self.begin.take();
        self.in_transaction |= begin.is_some();
        let Self { client, line, statements, encryption, settled, .. } = self;
        let cancel = client.cancel_token();
        let client = &*client;
        let work = async move {
            let opening = async {
                match begin {
                    Some(begin) => client.batch_execute(begin).await,
                    None => Ok(()),
                }
            };
            let statement = async {
                let statement = prepared(client, statements, sql).await?;
                fetch(client, &statement, values, each).await
            };
            // Both are sent at once, and answered in their order.
            let (began, changed) = futures_util::join!(opening, statement);
            began.map_err(Failed::Driver)?;
            changed
        };
        *settled = false;
        let answer = line.within(limit, &cancel, encryption, work).await?;
        *settled = true;
        answer
    }

    /// Runs a text of several statements without placeholders.
    pub(crate) async fn script(&mut self, sql: String, limit: Option<Duration>) -> Result<(), DbError> {
        // What a script does to the schema is not known here.
        self.statements.clear();
        self.command(&sql, limit).await
    }

    /// Says how the transaction will begin: the words go out with its first statement.
    #[expect(clippy::unused_async, reason = "the other driver waits here")]
    pub(crate) async fn begin(&mut self, how: Begin) -> Result<(), DbError> {
        self.begin = Some(match how {
            Begin::Snapshot => "begin isolation level repeatable read read only",
            Begin::Write => "begin isolation level read committed read write",
        });
        Ok(())
    }

    pub(crate) async fn commit(&mut self, limit: Option<Duration>) -> Result<(), DbError> {
        if self.begin.take().is_some() {
            // Nothing was said, so nothing was begun.
            return Ok(());
        }
        self.command("commit", limit).await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn command(&mut self, sql: &str, limit: Option<Duration>) -> Result<(), DbError> {
        let begin = self.begin.take();
        self.in_transaction |= begin.is_some();
        let Self { client, line, encryption, settled, .. } = self;
        let cancel = client.cancel_token();
        let client = &*client;
        let work = async move {
            if let Some(begin) = begin {
                client.batch_execute(begin).await.map_err(Failed::Driver)?;
            }
            client.batch_execute(sql).await.map_err(Failed::Driver)
        };
        *settled = false;
        let answer = line.within(limit, &cancel, encryption, work).await.map_err(Failed::into_error)?;
        *settled = true;
        answer.map_err(Failed::into_error)
    }

    /// Hears from now on when a bell is rung. The name is one word of letters and `_`.
    pub(crate) async fn listen(&mut self, bell: &'static str) -> Result<(), DbError> {
        self.command(&format!("listen {bell}"), Some(LISTEN_LIMIT)).await
    }

    /// Waits until a bell was rung; of several rings the last word counts.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub(crate) async fn heard(&mut self) -> Result<String, DbError> {
        poll_fn(|cx| {
            self.line.turn(cx);
            if let Some(word) = self.line.rung.take() {
                return Poll::Ready(Ok(word));
            }
            self.line.take_broken().map_or(Poll::Pending, |broken| Poll::Ready(Err(broken)))
        })
        .await
    }

    /// Marks the connection as one that has to be recovered.
    pub(crate) fn abandon(&mut self) {
        self.begin = None;
    }

    /// Ends the transaction, and waits until the server has answered. What still runs is cancelled; then this is an error,
    /// for the connection cannot be used any more.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub(crate) async fn recover(&mut self) -> Result<(), DbError> {
        if let Some(broken) = self.line.take_broken() {
            return Err(broken);
        }
        if self.line.is_haunted {
            return Err(DbError::new(DbErrorKind::TimedOut));
        }
        if !self.settled {
            let cancel = self.client.cancel_token();
            self.line.is_haunted = true;
            let cancelled = timeout(CANCEL_GRACE, cancel.cancel_query(self.encryption.clone())).await;
            cancelled.map_err(|_| DbError::new(DbErrorKind::TimedOut))?.map_err(classify)?;
            // Answered when the statement has ended: only then is its place free at the server.
            self.command("rollback", None).await?;
            return Err(DbError::new(DbErrorKind::TimedOut));
        }
        if self.in_transaction {
            self.command("rollback", None).await?;
        }
        self.in_transaction = false;
        self.settled = true;
        Ok(())
    }

    /// Looks whether a connection that nobody used for a while is still good.
    pub(crate) async fn check(&mut self, idle: Duration) -> Result<(), DbError> {
        self.line.look().await;
        if let Some(broken) = self.line.take_broken() {
            return Err(broken);
        }
        if idle < CHECK_AFTER {
            return Ok(());
        }
        let answer = timeout(CHECK_LIMIT, self.command("", None)).await;
        answer.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::Unreachable)))
    }

    /// Takes leave of the server. Nothing depends on it: what was committed is committed, and a server that does not
    /// hear it, or a runtime that is gone with which the socket was opened, is no fault of who closes.
    pub(crate) async fn close(self) -> Result<(), DbError> {
        let Self { client, line, statements, .. } = self;
        drop((statements, client));
        if let Some(connection) = line.connection {
            let _ = timeout(FAREWELL_LIMIT, connection).await;
        }
        Ok(())
    }
}

/// Why a statement failed, before it is known what that means for the connection.
enum Failed {
    Driver(Error),
    Kind(DbError),
}

impl Failed {
    /// Whether the statement was prepared for a schema that is no more, or is not known to the server any more.
    fn is_of_stale_plan(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        match error.code() {
            Some(code) if *code == SqlState::FEATURE_NOT_SUPPORTED => {
                error.as_db_error().is_some_and(|error| error.routine() == Some("RevalidateCachedQuery"))
            }
            Some(code) => *code == SqlState::INVALID_SQL_STATEMENT_NAME,
            None => false,
        }
    }

    /// Whether the statement was ended by a cancellation.
    fn is_of_cancellation(&self) -> bool {
        matches!(self, Self::Driver(error) if error.code() == Some(&SqlState::QUERY_CANCELED))
    }

    fn into_error(self) -> DbError {
        match self {
            Self::Driver(error) => classify(error),
            Self::Kind(error) => error,
        }
    }
}

async fn prepared(client: &Client, statements: &mut Statements, sql: &str) -> Result<Statement, Failed> {
    if let Some(known) = statements.get(sql) {
        return Ok(known);
    }
    let statement = client.prepare(sql).await.map_err(Failed::Driver)?;
    statements.keep(sql, statement.clone());
    Ok(statement)
}

async fn fetch(
    client: &Client,
    statement: &Statement,
    values: &[Value],
    each: &mut (dyn FnMut(Row) + Send),
) -> Result<u64, Failed> {
    if statement.params().len() != values.len() {
        let message = format!("{} values for {} placeholders", values.len(), statement.params().len());
        return Err(Failed::Kind(DbError::bug(message)));
    }
    let rows = client.query_raw(statement, values.iter().map(Parameter)).await.map_err(Failed::Driver)?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.as_mut().try_next().await.map_err(Failed::Driver)? {
        each(convert::row(&row).map_err(Failed::Kind)?);
    }
    Ok(rows.rows_affected().unwrap_or_default())
}

impl Line {
    /// Drives the socket until `work` is done; cancels it when the limit is over.
    ///
    /// The outer error means that the server has not answered, and owes one.
    async fn within<T>(
        &mut self,
        limit: Option<Duration>,
        cancel: &CancelToken,
        encryption: &Encryption,
        work: impl Future<Output = Result<T, Failed>>,
    ) -> Result<Result<T, Failed>, Failed> {
        let mut work = pin!(work);
        let in_time = match limit {
            None => Some(self.drive(work.as_mut()).await),
            Some(limit) => timeout(limit, self.drive(work.as_mut())).await.ok(),
        };
        let answer = if let Some(answer) = in_time {
            answer
        } else {
            self.is_haunted = true;
            let cancelled = async {
                let told = cancel.cancel_query(encryption.clone());
                futures_util::join!(told, self.drive(work)).1
            };
            let Ok(answer) = timeout(CANCEL_GRACE, cancelled).await else {
                return Err(Failed::Kind(DbError::new(DbErrorKind::TimedOut)));
            };
            // What it ended was this statement: it is spent.
            self.is_haunted = !answer.as_ref().is_err_and(Failed::is_of_cancellation);
            answer
        };
        match self.take_broken() {
            // The driver only says that the connection is closed; the socket said why.
            Some(broken) if answer.is_err() => Err(Failed::Kind(broken)),
            _ => Ok(answer),
        }
    }

    async fn drive<F: Future>(&mut self, mut work: std::pin::Pin<&mut F>) -> F::Output {
        poll_fn(|cx| {
            // It puts what it wants to send into the queue of the line …
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            // … and finds there what the line has brought, or that it is no more.
            self.turn(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Reads and writes what can be read and written now.
    fn turn(&mut self, cx: &mut Context<'_>) {
        while let Some(connection) = &mut self.connection {
            match connection.poll_message(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    tracing::debug!(
                        code = notice.code().code(),
                        "notice of the server: {}",
                        notice.message()
                    );
                }
                Poll::Ready(Some(Ok(AsyncMessage::Notification(rung)))) => {
                    self.rung = Some(rung.payload().to_owned());
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => {
                    self.broken = Some(classify(error));
                    self.connection = None;
                }
                Poll::Ready(None) => self.connection = None,
            }
        }
    }

    /// Looks once whether the server has hung up meanwhile.
    async fn look(&mut self) {
        poll_fn(|cx| {
            self.turn(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Why the line is no more, if it is.
    fn take_broken(&mut self) -> Option<DbError> {
        let is_over = self.connection.is_none();
        is_over.then(|| self.broken.take().unwrap_or_else(|| DbError::new(DbErrorKind::Unreachable)))
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("settled", &self.settled)
            .field("in_transaction", &self.in_transaction)
            .finish_non_exhaustive()
    }
}
