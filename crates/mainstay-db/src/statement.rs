//! Statements with placeholders.

use std::borrow::Cow;

use crate::{Connection, DbError, Dialect, Row, Value};

/// One SQL statement with the values of its placeholders.
///
/// Placeholders are `$1`, `$2`, … on every database. The text must be a literal, so no value can be written
/// into it; prepared statements are cached by their text on each connection.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_core::Clock;
/// use mainstay_db::{Database, DatabaseSettings, query};
///
/// let database = Database::open(&DatabaseSettings::in_memory(), &Clock::system()).await?;
/// let mut write = database.write().await?;
/// query("create table part (id integer primary key, name text not null) strict").execute(&mut write).await?;
/// let changed = query("insert into part (name) values ($1), ($2)")
///     .bind("AM5 board")
///     .bind("DDR5 kit")
///     .execute(&mut write)
///     .await?;
/// assert_eq!(changed, 2);
/// write.commit().await?;
///
/// let mut read = database.read().await?;
/// let row = query("select name from part where id = $1").bind(2).fetch_one(&mut read).await?;
/// assert_eq!(row.get::<&str>(0)?, "DDR5 kit");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a statement does nothing until it is executed or fetched"]
pub struct Query {
    sql: Sql,
    values: Vec<Value>,
}

/// The text of a statement: one for every database, or one for each.
#[derive(Clone, Debug)]
pub struct Sql(Text);

/// One statement in the words of each database, for where they differ. Placeholders must mean the same in both.
///
/// ```
/// use mainstay_db::{ByDialect, query};
///
/// let locked = query(ByDialect {
///     // One writer at a time: nothing to lock.
///     sqlite: "select balance from account where id = $1",
///     postgres: "select balance from account where id = $1 for update",
/// });
/// # let _ = locked;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ByDialect {
    /// In the words of SQLite.
    pub sqlite: &'static str,
    /// In the words of PostgreSQL.
    pub postgres: &'static str,
}

#[derive(Clone, Debug)]
enum Text {
    Same(Cow<'static, str>),
    Each(ByDialect),
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self(Text::Same(Cow::Borrowed(text)))
    }
}

impl From<ByDialect> for Sql {
    fn from(texts: ByDialect) -> Self {
        Self(Text::Each(texts))
    }
}

impl Sql {
    pub(crate) fn text(&self, dialect: Dialect) -> Cow<'static, str> {
        match (&self.0, dialect) {
            (Text::Same(text), _) => text.clone(),
            (Text::Each(texts), Dialect::Sqlite) => Cow::Borrowed(texts.sqlite),
            (Text::Each(texts), Dialect::Postgres) => Cow::Borrowed(texts.postgres),
        }
    }
}

/// A statement from a literal text, or from one [for each database](ByDialect).
pub fn query(sql: impl Into<Sql>) -> Query {
    Query { sql: sql.into(), values: Vec::new() }
}

/// A statement from a text put together at run time.
///
/// Whoever calls this answers for it: nothing that came from outside may be in `sql`. Each different text
/// takes a place in the cache of prepared statements, so keep the number of variants small.
pub fn query_assembled(sql: String) -> Query {
    Query { sql: Sql(Text::Same(Cow::Owned(sql))), values: Vec::new() }
}

impl Query {
    /// Gives the next placeholder its value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Gives the next placeholders their values.
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    /// Runs a statement that changes rows, and says how many it changed. For other statements (`create`,
    /// `select`) the number means nothing.
    ///
    /// # Errors
    ///
    /// See [`DbError`]. In a transaction, every error leaves only the rollback.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future interrupts the statement and aborts its transaction.
    pub async fn execute(self, connection: &mut Connection) -> Result<u64, DbError> {
        connection.run(&self.sql, self.values, &mut |_| {}).await
    }

    /// Runs a statement and collects its rows. Bound the number in the statement (`limit`).
    ///
    /// # Errors
    ///
    /// As [`Query::execute`].
    ///
    /// # Cancel safety
    ///
    /// As [`Query::execute`].
    pub async fn fetch_all(self, connection: &mut Connection) -> Result<Vec<Row>, DbError> {
        let mut rows = Vec::new();
        self.fetch_each(connection, |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// Runs a statement that yields at most one row. Further rows are dropped.
    ///
    /// # Errors
    ///
    /// As [`Query::execute`].
    ///
    /// # Cancel safety
    ///
    /// As [`Query::execute`].
    pub async fn fetch_optional(self, connection: &mut Connection) -> Result<Option<Row>, DbError> {
        let mut first = None;
        self.fetch_each(connection, |row| first = first.take().or(Some(row))).await?;
        Ok(first)
    }

    /// Runs a statement that always yields a row, such as a `count(*)`.
    ///
    /// # Errors
    ///
    /// As [`Query::execute`]; a [`Bug`](crate::DbErrorKind::Bug) when there is no row.
    ///
    /// # Cancel safety
    ///
    /// As [`Query::execute`].
    pub async fn fetch_one(self, connection: &mut Connection) -> Result<Row, DbError> {
        let sql = self.sql.clone();
        let row = self.fetch_optional(connection).await?;
        row.ok_or_else(|| {
            DbError::bug("the statement yielded no row").during(&sql.text(connection.dialect()))
        })
    }

    /// Runs a statement and hands each row over as it arrives, so that a large answer is never held whole.
    ///
    /// # Errors
    ///
    /// As [`Query::execute`].
    ///
    /// # Cancel safety
    ///
    /// As [`Query::execute`].
    pub async fn fetch_each(
        self,
        connection: &mut Connection,
        mut each: impl FnMut(Row) + Send,
    ) -> Result<(), DbError> {
        connection.run(&self.sql, self.values, &mut each).await.map(drop)
    }
}
