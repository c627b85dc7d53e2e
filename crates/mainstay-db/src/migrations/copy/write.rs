//! Writing the target.

use super::super::Migrations;
use super::CopyError;
use super::digest::Digest;
use super::plan::{Column, Order, Plan, Table, quoted};
use super::seeds::Seeds;
use crate::{Connection, DbError, Value, query, query_assembled};

/// Rows that are read back at once.
const FETCHED: u32 = 512;

/// Lets nobody else write to the tables until the end of the transaction.
pub(super) async fn lock(plan: &Plan, write: &mut Connection) -> Result<(), CopyError> {
    for table in &plan.tables {
        let lock = format!("lock table {} in share row exclusive mode", table.quoted());
        query_assembled(lock).execute(write).await.map_err(|error| table.unwritable(error))?;
    }
    Ok(())
}

/// Demands that there is nothing but what the migrations put there.
pub(super) async fn require_empty(
    plan: &Plan,
    seeds: &Seeds,
    migrations: &Migrations,
    write: &mut Connection,
) -> Result<(), CopyError> {
    let there = query("select tablename from pg_catalog.pg_tables where schemaname = current_schema()")
        .fetch_all(write)
        .await?;
    for row in there {
        let name: String = row.get(0)?;
        if !migrations.leaves_behind(&name) && !plan.tables.iter().any(|table| table.name == name) {
            continue;
        }
        let put_there = seeds.get(&name).copied().unwrap_or(0);
        let found = format!("select count(*) from (select 1 from {} limit $1) few", quoted(&name));
        let found: u64 = query_assembled(found).bind(limit(put_there)).fetch_one(write).await?.get(0)?;
        if found > put_there {
            return Err(CopyError::NotEmpty { table: name });
        }
    }
    Ok(())
}

fn limit(rows: u64) -> i64 {
    i64::try_from(rows.saturating_add(1)).unwrap_or(i64::MAX)
}

/// Removes what the migrations put there: the source has its own.
pub(super) async fn clear(plan: &Plan, seeds: &Seeds, write: &mut Connection) -> Result<(), CopyError> {
    // The other way round: a row goes before the one that it refers to.
    for table in plan.tables.iter().rev().filter(|table| seeds.contains_key(&table.name)) {
        let delete = format!("delete from {}", table.quoted());
        query_assembled(delete).execute(write).await.map_err(|error| table.unwritable(error))?;
    }
    Ok(())
}

/// Writes rows with one statement: an array for each column, so that its text does not depend on their number.
pub(super) async fn insert(
    table: &Table,
    rows: Vec<Vec<Value>>,
    write: &mut Connection,
) -> Result<(), DbError> {
    let array = |(index, column): (usize, &Column)| format!("${}::{}[]", index + 1, column.sql_type);
    let arrays: Vec<_> = table.columns.iter().enumerate().map(array).collect();
    let (name, columns) = (table.quoted(), table.column_list());
    let insert = format!(
        "insert into {name} ({columns}) overriding system value select * from unnest({})",
        arrays.join(", ")
    );
    let mut lists: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (list, value) in lists.iter_mut().zip(row) {
            list.push(value);
        }
    }
    query_assembled(insert).bind_all(lists.into_iter().map(Value::List)).execute(write).await.map(drop)
}

/// Lets the planner know what the table holds: until the server's own upkeep comes by, its guesses would be those for an
/// empty table.
pub(super) async fn analyze(table: &Table, write: &mut Connection) -> Result<(), DbError> {
    query_assembled(format!("analyze {}", table.quoted())).execute(write).await.map(drop)
}

/// Adds up what the table holds now. The cursor has a name of its own, because the server keeps with a prepared `fetch`
/// which columns it yields.
pub(super) async fn read_back(
    index: usize,
    table: &Table,
    write: &mut Connection,
    sum: &mut Digest,
    mut report: impl FnMut(&Digest),
) -> Result<(), DbError> {
    let (name, columns) = (table.quoted(), table.column_list());
    let declare = format!("declare copied_{index} no scroll cursor for select {columns} from {name}");
    query_assembled(declare).execute(write).await?;
    loop {
        let fetch = query_assembled(format!("fetch {FETCHED} from copied_{index}"));
        let page = fetch.fetch_all(write).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            sum.add(table, &row.into_values());
        }
        report(sum);
    }
    query_assembled(format!("close copied_{index}")).execute(write).await.map(drop)
}

/// Lets identity columns go on behind the last number that the source gave away.
///
/// Sequences know no rollback. A number that was set for nothing is set again by the next copy, and hurts nobody.
pub(super) async fn continue_sequences(
    plan: &Plan,
    snapshot: &mut Connection,
    write: &mut Connection,
) -> Result<(), CopyError> {
    for table in &plan.tables {
        for column in &table.columns {
            let Some(sequence) = &column.sequence else { continue };
            let last = last_number(table, column, snapshot).await.map_err(|error| table.unreadable(error))?;
            if last > 0 {
                let set = query("select setval($1::text::regclass, $2)").bind(sequence.as_str()).bind(last);
                set.fetch_one(write).await.map_err(|error| table.unwritable(error))?;
            }
        }
    }
    Ok(())
}

/// The last number that a column of the source was given: `autoincrement` remembers it when its row is gone.
async fn last_number(table: &Table, column: &Column, snapshot: &mut Connection) -> Result<i64, DbError> {
    let (name, quoted_column) = (table.quoted(), quoted(&column.name));
    let highest = format!("select coalesce(max({quoted_column}), 0) from {name}");
    let highest: i64 = query_assembled(highest).fetch_one(snapshot).await?.get(0)?;
    let remembers = query("select 1 from sqlite_schema where name = 'sqlite_sequence'");
    if table.order != Order::RowId || remembers.fetch_optional(snapshot).await?.is_none() {
        return Ok(highest);
    }
    let given = query(
        "select coalesce((
             select seq from sqlite_sequence where name = $1
                 and $2 in (select name from pragma_table_info($1) where pk > 0)
         ), 0)",
    );
    let given: i64 =
        given.bind(table.name.as_str()).bind(column.name.as_str()).fetch_one(snapshot).await?.get(0)?;
    Ok(highest.max(given))
}
