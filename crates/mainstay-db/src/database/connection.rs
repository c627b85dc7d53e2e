//! A connection as statements see it.

use std::borrow::Cow;
use std::time::Duration;

use crate::sqlite::{Begin, Driver};
use crate::{DbError, DbErrorKind, Row, Value};

/// A connection to run statements on: what [`ReadConnection`](crate::ReadConnection) and
/// [`WriteTransaction`](crate::WriteTransaction) have in common.
#[derive(Debug)]
pub struct Connection {
    /// Gone only while its owner is being dropped, or when it could not be opened.
    driver: Option<Driver>,
    transaction: Transaction,
    statement_limit: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed: whether SQLite rolled back by itself depends on the error, so nothing more may
    /// run. A statement behind an automatic rollback would commit by itself.
    Failed,
}

impl Connection {
    pub(super) fn new(driver: Option<Driver>, statement_limit: Option<Duration>) -> Self {
        Self { driver, transaction: Transaction::None, statement_limit }
    }

    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<u64, DbError> {
        let limit = self.statement_limit;
        let driver = self.ready()?;
        let result = driver.run(sql.clone(), values, limit, each).await;
        self.note(&result);
        result.map_err(|error| error.during(&sql))
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
        let limit = self.statement_limit;
        let result = self.ready()?.commit(limit).await;
        self.transaction = if result.is_ok() { Transaction::None } else { Transaction::Failed };
        result
    }

    /// Makes a connection that was abandoned good again.
    pub(super) async fn recover(&mut self) -> Result<(), DbError> {
        match &mut self.driver {
            Some(driver) if !driver.is_settled() => driver.recover().await,
            _ => Ok(()),
        }
    }

    /// Takes the driver out; a transaction that is still open is rolled back behind our back.
    pub(super) fn take(&mut self) -> Option<Driver> {
        let mut driver = self.driver.take()?;
        if !driver.is_settled() || self.transaction != Transaction::None {
            driver.abandon();
        }
        Some(driver)
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

    fn note<T>(&mut self, result: &Result<T, DbError>) {
        if result.is_err() && self.transaction == Transaction::Open {
            self.transaction = Transaction::Failed;
        }
    }
}
