//! Which tables are copied, in which order, and how their columns are called in both databases.

use std::collections::BTreeSet;

use super::super::Migrations;
use super::CopyError;
use crate::{Connection, DbError, query};

/// The records of the schema, which each database has of its own.
const RECORDS: [&str; 2] = ["schema_migrations", "schema_history"];

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    /// A table comes after those that it refers to.
    pub(super) tables: Vec<Table>,
    /// Tables of the source that are not copied.
    pub(super) left_behind: Vec<String>,
}

/// A table that is copied.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) order: Order,
    /// How many it has in the source.
    pub(super) rows: u64,
}

/// A column that is copied.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type in the target, as SQL writes it.
    pub(super) sql_type: String,
    pub(super) kind: Kind,
    /// The sequence that its numbers are drawn from in the target, as SQL writes it.
    pub(super) sequence: Option<String>,
}

/// How a value comes back from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it was.
    Plain,
    /// As a real, also when it was a whole number.
    Real,
    /// In other words (`jsonb`): it cannot be compared.
    Normalised,
}

/// By what the rows of a table are read page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// SQLite's own number of the row.
    RowId,
    /// The columns of the primary key, by their index.
    Key(Vec<usize>),
}

impl Plan {
    pub(super) async fn make(
        migrations: &Migrations,
        source: &mut Connection,
        target: &mut Connection,
    ) -> Result<Self, CopyError> {
        let listed = query(
            "select name, wr from pragma_table_list
             where schema = 'main' and type in ('table', 'virtual') and name not like 'sqlite\\_%' escape '\\'
             order by name",
        )
        .fetch_all(source)
        .await?;
        let (mut found, mut left_behind) = (Vec::new(), Vec::new());
        for row in listed {
            let name: String = row.get(0)?;
            if migrations.leaves_behind(&name) {
                left_behind.push(name);
            } else if !RECORDS.contains(&name.as_str()) {
                let refers_to = references(&name, source).await?;
                let table = Table::find(name, row.get(1)?, source, target).await?;
                found.push((table, refers_to));
            }
        }
        Ok(Self { tables: in_order(found)?, left_behind })
    }
}

impl Table {
    async fn find(
        name: String,
        without_rowid: bool,
        source: &mut Connection,
        target: &mut Connection,
    ) -> Result<Self, CopyError> {
        let theirs = columns_of_target(&name, target).await?;
        if theirs.is_empty() {
            return Err(CopyError::NoTable { table: name });
        }
        // Generated columns are hidden: both databases make them anew.
        let ours = query("select name, pk from pragma_table_xinfo($1) where hidden = 0 order by cid")
            .bind(name.as_str())
            .fetch_all(source)
            .await?;
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        for row in &ours {
            let column: &str = row.get(0)?;
            let Some(theirs) = theirs.iter().find(|theirs| theirs.name == column) else {
                return Err(CopyError::Column { table: name, column: column.to_owned() });
            };
            if let place @ 1.. = row.get::<i64>(1)? {
                key.push((place, columns.len()));
            }
            columns.push(theirs.clone());
        }
        if let Some(extra) = theirs.iter().find(|theirs| !columns.iter().any(|ours| ours.name == theirs.name))
        {
            return Err(CopyError::Column { table: name, column: extra.name.clone() });
        }
        key.sort_unstable();
        let order = if without_rowid {
            Order::Key(key.into_iter().map(|(_, index)| index).collect())
        } else {
            Order::RowId
        };
        let count = format!("select count(*) from {}", quoted(&name));
        let rows = crate::query_assembled(count).fetch_one(source).await?.get(0)?;
        Ok(Self { name, columns, order, rows })
    }

    /// The name as SQL writes it.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    /// The columns as SQL lists them.
    pub(super) fn column_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }

    pub(super) fn unreadable(&self, source: DbError) -> CopyError {
        CopyError::Read { table: self.name.clone(), source }
    }

    pub(super) fn unwritable(&self, source: DbError) -> CopyError {
        CopyError::Write { table: self.name.clone(), source }
    }
}

/// A name as SQL writes it, whatever characters it has.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn columns_of_target(table: &str, target: &mut Connection) -> Result<Vec<Column>, DbError> {
    let rows = query(
        "select a.attname, format_type(a.atttypid, null), pg_get_serial_sequence(quote_ident($1::text), a.attname)
         from pg_catalog.pg_attribute a
         where a.attrelid = to_regclass(quote_ident($1::text)) and a.attnum > 0
             and not a.attisdropped and a.attgenerated = ''
         order by a.attnum",
    )
    .bind(table)
    .fetch_all(target)
    .await?;
    let column = |row: &crate::Row| {
        let sql_type: String = row.get(1)?;
        let kind = match sql_type.as_str() {
            "jsonb" => Kind::Normalised,
            "double precision" => Kind::Real,
            _ => Kind::Plain,
        };
        Ok(Column { name: row.get(0)?, sql_type, kind, sequence: row.get(2)? })
    };
    rows.iter().map(column).collect()
}

/// The other tables that a table refers to.
async fn references(table: &str, source: &mut Connection) -> Result<BTreeSet<String>, DbError> {
    let rows =
        query("select \"table\" from pragma_foreign_key_list($1)").bind(table).fetch_all(source).await?;
    let all = rows.iter().map(|row| row.get(0)).collect::<Result<BTreeSet<String>, _>>()?;
    Ok(all.into_iter().filter(|other| other != table).collect())
}

/// Puts each table behind those that it refers to, and otherwise keeps the order.
fn in_order(mut left: Vec<(Table, BTreeSet<String>)>) -> Result<Vec<Table>, CopyError> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits_for =
            |refers_to: &BTreeSet<String>| left.iter().any(|(other, _)| refers_to.contains(&other.name));
        let Some(next) = left.iter().position(|(_, refers_to)| !waits_for(refers_to)) else {
            return Err(CopyError::Circle {
                tables: left.into_iter().map(|(table, _)| table.name).collect(),
            });
        };
        ordered.push(left.remove(next).0);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(tables: &[(&str, &[&str])]) -> Result<Vec<String>, CopyError> {
        let tables = tables.iter().map(|(name, refers_to)| {
            let table = Table { name: (*name).to_owned(), columns: Vec::new(), order: Order::RowId, rows: 0 };
            (table, refers_to.iter().map(|name| (*name).to_owned()).collect())
        });
        in_order(tables.collect()).map(|tables| tables.into_iter().map(|table| table.name).collect())
    }

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let ordered = order(&[("a", &["c"]), ("b", &[]), ("c", &["d"]), ("d", &["elsewhere"])]);
        assert_eq!(ordered.expect("there is an order"), ["b", "d", "c", "a"]);
    }

    #[test]
    fn a_circle_has_no_order() {
        let error = order(&[("a", &["b"]), ("b", &["a"]), ("c", &[])]).expect_err("there is no order");
        assert_eq!(error.to_string(), "tables refer to one another in a circle: a, b");
    }

    #[test]
    fn names_are_quoted_whatever_they_are() {
        assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
