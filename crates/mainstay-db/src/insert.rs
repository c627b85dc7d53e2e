//! Many rows at once.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::{Connection, DbError, Dialect, Value, query_assembled};

/// How many rows one statement carries, largest first. A fixed ladder keeps the number of different
/// statement texts small, so that the cache of prepared statements serves them all.
const LADDER: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// Upper bound of values in one statement: far below SQLite's 32,766 and PostgreSQL's 65,535, and beyond it
/// nothing is gained.
const MAX_VALUES: usize = 4_096;

/// Inserts many rows with few statements.
///
/// Thousands of single inserts cost a round trip to the driver each; this costs one per some hundred rows.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use mainstay_core::Clock;
/// # use mainstay_db::{Database, DatabaseSettings, query};
/// use mainstay_db::insert_into;
///
/// # let database = Database::open(&DatabaseSettings::in_memory(), &Clock::system()).await?;
/// # let mut write = database.write().await?;
/// # query("create table part (id integer primary key, name text not null) strict").execute(&mut write).await?;
/// let names = ["board", "kit", "case"];
/// let inserted = insert_into("part", ["id", "name"])
///     .suffix("on conflict (id) do update set name = excluded.name")
///     .rows((1..).zip(names).map(|(id, name)| [id.into(), name.into()]))
///     .execute(&mut write)
///     .await?;
/// assert_eq!(inserted, 3);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "rows are written by `execute`"]
pub struct Insert<const COLUMNS: usize> {
    table: Cow<'static, str>,
    columns: [&'static str; COLUMNS],
    suffix: &'static str,
    rows: Vec<[Value; COLUMNS]>,
}

/// Begins an insert into the named columns of a table.
pub fn insert_into<const COLUMNS: usize>(
    table: &'static str,
    columns: [&'static str; COLUMNS],
) -> Insert<COLUMNS> {
    Insert { table: Cow::Borrowed(table), columns, suffix: "", rows: Vec::new() }
}

/// As [`insert_into`], for a table whose name is put together at run time: see
/// [`query_assembled`](crate::query_assembled).
pub fn insert_into_assembled<const COLUMNS: usize>(
    table: String,
    columns: [&'static str; COLUMNS],
) -> Insert<COLUMNS> {
    Insert { table: Cow::Owned(table), columns, suffix: "", rows: Vec::new() }
}

impl<const COLUMNS: usize> Insert<COLUMNS> {
    /// What follows the values, such as `on conflict … do update set …`.
    pub fn suffix(mut self, suffix: &'static str) -> Self {
        self.suffix = suffix;
        self
    }

    /// Adds one row, its values in the order of the columns.
    pub fn row(mut self, row: [Value; COLUMNS]) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = [Value; COLUMNS]>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Writes all rows, in their order, and says how many rows changed.
    ///
    /// More than one statement may be needed, so call this inside a transaction when it must be all or
    /// nothing. No rows, no statement.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// As [`Query::execute`](crate::Query::execute).
    pub async fn execute(self, connection: &mut Connection) -> Result<u64, DbError> {
        let mut changed = 0;
        let mut left = self.rows.len();
        let mut rows = self.rows.into_iter();
        while left > 0 {
            let take = step(left, COLUMNS);
            let sql = assemble(connection.dialect(), &self.table, &self.columns, self.suffix, take);
            let statement = query_assembled(sql).bind_all(rows.by_ref().take(take).flatten());
            changed += statement.execute(connection).await?;
            left -= take;
        }
        Ok(changed)
    }
}

/// The largest rung that the rows left fill.
fn step(left: usize, columns: usize) -> usize {
    let fits = |rung: &&usize| **rung <= left && (**rung * columns <= MAX_VALUES || **rung == 1);
    LADDER.iter().find(fits).copied().unwrap_or(1)
}

fn assemble(dialect: Dialect, table: &str, columns: &[&str], suffix: &str, rows: usize) -> String {
    let mut sql = format!("insert into {table} ({}) values ", columns.join(", "));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns.len() {
            if column > 0 {
                sql.push(',');
            }
            // Infallible: a `String` takes what it is given.
            let _ = match dialect {
                // SQLite looks names like `$1` up one by one while it parses: anonymous placeholders keep a
                // long list linear.
                Dialect::Sqlite => write!(sql, "?"),
                Dialect::Postgres => write!(sql, "${}", row * columns.len() + column + 1),
            };
        }
        sql.push(')');
    }
    if !suffix.is_empty() {
        sql.push(' ');
        sql.push_str(suffix);
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_along_the_ladder() {
        let mut left = 1_000;
        let mut steps = Vec::new();
        while left > 0 {
            let take = step(left, 3);
            steps.push(take);
            left -= take;
        }
        assert_eq!(steps, [256, 256, 256, 128, 64, 32, 8]);
    }

    #[test]
    fn wide_rows_stay_below_the_bound_of_values() {
        assert_eq!(step(1_000, 17), 128);
        assert_eq!(step(1_000, 5_000), 1);
    }

    #[test]
    fn the_text_is_plain() {
        let text = |dialect, suffix| assemble(dialect, "t", &["a", "b"], suffix, 2);
        assert_eq!(text(Dialect::Sqlite, ""), "insert into t (a, b) values (?,?),(?,?)");
        assert_eq!(
            text(Dialect::Postgres, "on conflict do nothing"),
            "insert into t (a, b) values ($1,$2),($3,$4) on conflict do nothing"
        );
    }
}
