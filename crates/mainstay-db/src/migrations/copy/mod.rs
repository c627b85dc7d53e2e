//! An installation that moves from SQLite to PostgreSQL.
//!
//! The database itself is copied, table by table: what users did, with the positions and ids that others remember, and
//! not a document that is imported anew. It is all or nothing:
//!
//! - everything is read in one snapshot of the source, and written in one transaction on the target: a copy that was
//!   killed half way has left nothing;
//! - both schemas are exactly this release's, and the target holds nothing but what its migrations put there. Nobody
//!   else can write to its tables meanwhile, nor migrate it;
//! - before the commit every row is read back. The numbers of rows and the [sums](digest) of their contents are those
//!   of the source, and nobody has written to the source since the snapshot;
//! - identity columns go on behind the last number that the source ever gave away, also where its row is gone.
//!
//! What ends with a process, or can be made anew from the rest, is [left behind](Migrations::leaving_behind).

mod digest;
mod error;
mod plan;
mod read;
mod seeds;
#[cfg(test)]
mod tests;
mod write;

use mainstay_core::Clock;

pub use error::CopyError;

use self::digest::Digest;
use self::plan::{Plan, Table};
use self::read::{Pages, Quiet};
use super::Migrations;
use super::lock::RunLock;
use super::run::PATIENCE;
use crate::{Connection, Database, Dialect, Work};

/// What a copy has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The tables, in the order in which they were written.
    pub tables: Vec<CopiedTable>,
    /// The tables of the source that were left behind.
    pub left_behind: Vec<String>,
}

/// One table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// The sum of the SHA-256 of all rows, in hexadecimal digits: the same in both databases, whatever the order.
    pub digest: String,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyProgress<'a> {
    /// What happens.
    pub step: CopyStep,
    /// To which table.
    pub table: &'a str,
    /// Rows that are done.
    pub done: u64,
    /// Rows that the table has in the source.
    pub rows: u64,
}

/// What a copy does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyStep {
    /// It is written.
    Writing,
    /// It is read back and compared.
    Comparing,
}

impl Migrations {
    /// Moves everything from a SQLite database to a PostgreSQL database that was migrated and never used.
    ///
    /// Nobody may use the source meanwhile: a service that runs on it goes on writing to it, and what it writes after
    /// the copy stays there. What is written during the copy is noticed, and ends it.
    ///
    /// # Errors
    ///
    /// See [`CopyError`]. The target is as it was then, but for the next numbers of identity columns.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the target is as it was.
    pub async fn copy(
        &self,
        source: &Database,
        target: &Database,
        clock: &Clock,
        progress: &mut dyn FnMut(CopyProgress<'_>),
    ) -> Result<Copied, CopyError> {
        let direction = (source.dialect(), target.dialect());
        if direction != (Dialect::Sqlite, Dialect::Postgres) {
            return Err(CopyError::Direction { from: direction.0, to: direction.1 });
        }
        self.require_current(source).await.map_err(CopyError::SourceSchema)?;
        self.require_current(target).await.map_err(CopyError::TargetSchema)?;
        let lock = RunLock::wait(target, clock).await.map_err(CopyError::TargetSchema)?;
        let seeds = seeds::of(self, clock).await?;

        let mut quiet = Quiet::begin(source).await?;
        let mut snapshot = source.for_work(Work::Background).read_snapshot().await?;
        // The other connection of this class holds the lock.
        let mut write = target.for_work(Work::Control).write().await?;
        write.script(PATIENCE.to_owned()).await?;
        let plan = Plan::make(self, &mut snapshot, &mut write).await?;
        write::lock(&plan, &mut write).await?;
        write::require_empty(&plan, &seeds, self, &mut write).await?;
        write::clear(&plan, &seeds, &mut write).await?;

        let mut sums = Vec::new();
        for table in &plan.tables {
            sums.push(transfer(table, &mut snapshot, &mut write, progress).await?);
        }
        for (index, (table, sum)) in plan.tables.iter().zip(&sums).enumerate() {
            compare(index, table, sum, &mut write, progress).await?;
        }
        write::continue_sequences(&plan, &mut snapshot, &mut write).await?;
        quiet.check().await?;
        write.commit().await?;
        lock.release().await;
        let copied = |(table, sum): (Table, Digest)| CopiedTable {
            table: table.name,
            rows: sum.rows(),
            digest: sum.to_string(),
        };
        Ok(Copied {
            tables: plan.tables.into_iter().zip(sums).map(copied).collect(),
            left_behind: plan.left_behind,
        })
    }
}

/// Writes one table; returns the sum of what was read.
async fn transfer(
    table: &Table,
    snapshot: &mut Connection,
    write: &mut Connection,
    progress: &mut dyn FnMut(CopyProgress<'_>),
) -> Result<Digest, CopyError> {
    let mut sum = Digest::default();
    let mut pages = Pages::of(table);
    while let Some(rows) = pages.next(snapshot).await.map_err(|error| table.unreadable(error))? {
        for row in &rows {
            sum.add(table, row);
        }
        write::insert(table, rows, write).await.map_err(|error| table.unwritable(error))?;
        progress(CopyProgress {
            step: CopyStep::Writing,
            table: &table.name,
            done: sum.rows(),
            rows: table.rows,
        });
    }
    write::analyze(table, write).await.map_err(|error| table.unwritable(error))?;
    Ok(sum)
}

/// Reads one table back, and demands that it is what was read before.
async fn compare(
    index: usize,
    table: &Table,
    expected: &Digest,
    write: &mut Connection,
    progress: &mut dyn FnMut(CopyProgress<'_>),
) -> Result<(), CopyError> {
    let mut sum = Digest::default();
    let step = CopyStep::Comparing;
    let report = |sum: &Digest| {
        progress(CopyProgress { step, table: &table.name, done: sum.rows(), rows: table.rows });
    };
    write::read_back(index, table, write, &mut sum, report).await.map_err(|error| table.unwritable(error))?;
    if sum == *expected {
        Ok(())
    } else {
        let table = table.name.clone();
        Err(CopyError::Differs { table, read: expected.rows(), found: sum.rows() })
    }
}
