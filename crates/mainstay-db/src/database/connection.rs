//! A connection as statements see it.

use std::pin::pin;
use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::Instant;

use super::circuit::Call;
use crate::driver::{Begin, Driver};
use crate::statement::Sql;
use crate::{DbError, DbErrorKind, Dialect, Row, Value};

/// A connection to run statements on: what [`ReadConnection`](crate::ReadConnection) and
/// [`WriteTransaction`](crate::WriteTransaction) have in common.
#[derive(Debug)]
pub struct Connection {
    dialect: Dialect,
    /// Gone only while its owner is being dropped, or when it could not be opened.
    driver: Option<Driver>,
    transaction: Transaction,
    statement_limit: Duration,
    /// When nobody waits for an answer any more.
    deadline: Option<Instant>,
    clock: Clock,
    /// The use of the database that the breaker knows of.
    call: Call,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed. Whether SQLite rolled back by itself depends on the error, so nothing more may run: a
    /// statement behind an automatic rollback would commit by itself. PostgreSQL would refuse it anyway.
    Failed,
}

impl Connection {
    pub(super) fn new(
        dialect: Dialect,
        driver: Option<Driver>,
        statement_limit: Duration,
        deadline: Option<Instant>,
        clock: Clock,
    ) -> Self {
        let call = Call::default();
        Self { dialect, driver, transaction: Transaction::None, statement_limit, deadline, clock, call }
    }

    /// Tells the breaker what comes of the statements from here on.
    pub(super) fn observe(&mut self, call: Call) {
        self.call = call;
    }

    /// The dialect of SQL that the database speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) async fn run(
        &mut self,
        sql: &Sql,
        values: Vec<Value>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, DbError> {
        let text = sql.text(self.dialect);
        let limit = self.limit();
        let (mut call, begun) = (std::mem::take(&mut self.call), self.clock.now());
        let result = match (limit, self.ready()) {
            (Ok(limit), Ok(driver)) => {
                let run = driver.run(text.clone(), values, Some(limit), each);
                let result = call.unless_it_stands_still(pin!(run)).await;
                call.note(&result, self.clock.now() - begun);
                result
            }
            (Err(late), Ok(_)) => Err(late),
            (_, Err(unready)) => Err(unready),
        };
        self.call = call;
        self.note(&result);
        result.map_err(|error| error.during(&text))
    }

    /// Runs a text of several statements, without a limit in time: a migration takes what it takes.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), DbError> {
        let result = self.ready()?.script(sql, None).await;
        self.note(&result);
        result
    }

    pub(super) async fn begin(&mut self, how: Begin) -> Result<(), DbError> {
        self.ready()?.begin(how).await?;
        self.transaction = Transaction::Open;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<(), DbError> {
        let limit = self.limit();
        let (mut call, begun) = (std::mem::take(&mut self.call), self.clock.now());
        let result = match (limit, self.ready()) {
            (Ok(limit), Ok(driver)) => {
                let result = call.unless_it_stands_still(pin!(driver.commit(Some(limit)))).await;
                call.note(&result, self.clock.now() - begun);
                result
            }
            (Err(late), Ok(_)) => Err(late),
            (_, Err(unready)) => Err(unready),
        };
        self.call = call;
        self.transaction = if result.is_ok() { Transaction::None } else { Transaction::Failed };
        result
    }

    /// Makes a connection that was abandoned good again, and looks at one that was not used for a while.
    pub(super) async fn make_ready(&mut self, idle: Duration) -> Result<(), DbError> {
        match &mut self.driver {
            Some(driver) => driver.make_ready(idle).await,
            None => Ok(()),
        }
    }

    /// Whether the next caller may have it as it is.
    pub(super) fn is_clean(&self) -> bool {
        let is_settled = self.driver.as_ref().is_none_or(Driver::is_settled);
        is_settled && self.transaction == Transaction::None
    }

    pub(super) fn into_driver(self) -> Option<Driver> {
        self.driver
    }

    /// The driver, if a statement may run.
    fn ready(&mut self) -> Result<&mut Driver, DbError> {
        let driver = self.driver.as_mut().ok_or_else(|| DbError::new(DbErrorKind::Closed))?;
        // Not settled: the future of an earlier statement was dropped half way.
        if self.transaction == Transaction::Failed || !driver.is_settled() {
            return Err(DbError::new(DbErrorKind::Aborted));
        }
        Ok(driver)
    }

    /// How long a statement may run; an error when nobody waits for it any more.
    fn limit(&self) -> Result<Duration, DbError> {
        let Some(deadline) = self.deadline else { return Ok(self.statement_limit) };
        let left = deadline.saturating_duration_since(self.clock.now());
        if left.is_zero() {
            Err(DbError::new(DbErrorKind::TimedOut))
        } else {
            Ok(left.min(self.statement_limit))
        }
    }

    fn note<T>(&mut self, result: &Result<T, DbError>) {
        if result.is_err() && self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
    }
}
