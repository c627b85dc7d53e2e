//! Reading the source.

use super::CopyError;
use super::plan::{Order, Table, quoted};
use crate::{Connection, Database, DbError, ReadConnection, Value, Work, query, query_assembled};

/// Rows of the first page; later ones are as large as memory allows.
const FIRST_PAGE: u32 = 64;

/// Most rows of a page.
const LARGEST_PAGE: u32 = 2_048;

/// Pages are made so large that they hold about this much.
const PAGE_BYTES: usize = 4 << 20;

/// The rows of a table, page by page.
pub(super) struct Pages<'a> {
    table: &'a Table,
    limit: u32,
    /// The key of the last row that was read.
    last: Option<Vec<Value>>,
    is_over: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        Self { table, limit: FIRST_PAGE, last: None, is_over: false }
    }

    /// The next page, its values in the order of the table's columns.
    pub(super) async fn next(
        &mut self,
        snapshot: &mut Connection,
    ) -> Result<Option<Vec<Vec<Value>>>, DbError> {
        if self.is_over {
            return Ok(None);
        }
        let page = query_assembled(self.statement())
            .bind_all(self.last.iter().flatten().cloned())
            .bind(self.limit)
            .fetch_all(snapshot)
            .await?;
        let mut rows: Vec<Vec<Value>> = page.into_iter().map(|row| row.into_values().into_vec()).collect();
        let Some(last) = rows.last() else { return Ok(None) };
        self.last = Some(match &self.table.order {
            Order::RowId => last.last().cloned().into_iter().collect(),
            Order::Key(key) => key.iter().filter_map(|index| last.get(*index).cloned()).collect(),
        });
        if self.table.order == Order::RowId {
            for row in &mut rows {
                row.pop();
            }
        }
        self.is_over = rows.len() < self.limit as usize;
        self.limit = limit_after(&rows);
        Ok(Some(rows))
    }

    fn statement(&self) -> String {
        let (table, columns) = (self.table.quoted(), self.table.column_list());
        let key = match &self.table.order {
            Order::RowId => vec!["_rowid_".to_owned()],
            Order::Key(key) => key.iter().map(|index| quoted(&self.table.columns[*index].name)).collect(),
        };
        let row_id = if self.table.order == Order::RowId { ", _rowid_" } else { "" };
        let bound = self.last.as_ref().map_or(0, Vec::len);
        let behind = if bound == 0 {
            String::new()
        } else {
            let last: Vec<_> = (1..=bound).map(|number| format!("${number}")).collect();
            format!(" where ({}) > ({})", key.join(", "), last.join(", "))
        };
        let (order, limit) = (key.join(", "), bound + 1);
        format!("select {columns}{row_id} from {table}{behind} order by {order} limit ${limit}")
    }
}

/// How many rows like these fit a page. A power of two, so that few texts of statements come up.
fn limit_after(rows: &[Vec<Value>]) -> u32 {
    let bytes: usize = rows.iter().flatten().map(size).sum();
    let each = (bytes / rows.len().max(1)).max(1);
    let fit = u32::try_from(PAGE_BYTES / each).unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
    1 << fit.ilog2()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

/// Notices whether somebody else writes to the source.
pub(super) struct Quiet {
    connection: ReadConnection,
    version: i64,
}

impl Quiet {
    /// From here on.
    pub(super) async fn begin(source: &Database) -> Result<Self, DbError> {
        let mut connection = source.for_work(Work::Control).read().await?;
        let version = version(&mut connection).await?;
        Ok(Self { connection, version })
    }

    pub(super) async fn check(&mut self) -> Result<(), CopyError> {
        if version(&mut self.connection).await? == self.version {
            Ok(())
        } else {
            Err(CopyError::SourceChanged)
        }
    }
}

/// Another number whenever another connection has committed something.
async fn version(connection: &mut Connection) -> Result<i64, DbError> {
    query("pragma data_version").fetch_one(connection).await?.get(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_as_large_as_memory_allows() {
        let rows = |count: usize, bytes: usize| vec![vec![Value::Blob(vec![0; bytes])]; count];
        assert_eq!(limit_after(&rows(64, 10)), LARGEST_PAGE);
        assert_eq!(limit_after(&rows(8, 10_000)), 256);
        assert_eq!(limit_after(&rows(1, PAGE_BYTES * 3)), 1);
        assert_eq!(limit_after(&[]), LARGEST_PAGE);
    }
}
