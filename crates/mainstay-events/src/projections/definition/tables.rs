//! The tables of a projection: made, shown under their plain name, dropped.

use mainstay_db::{Connection, DbError, query_assembled};

/// A table of a read model.
///
/// Columns and indexes are in the words that every database here has: `text`, `bigint`, `primary key (…)`.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    name: &'static str,
    columns: &'static str,
    indexes: &'static [(&'static str, &'static str)],
}

/// The tables of one generation of a projection.
#[derive(Clone, Debug)]
pub struct Tables {
    generation: u32,
    tables: &'static [Table],
}

/// Whether a table, by its name, holds what is made from the log: a read model, or where it is.
pub(crate) fn is_derived(table: &str) -> bool {
    let is_generation =
        |(_, number): (&str, &str)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    matches!(table, "es_projection" | "es_quarantine" | "es_quarantine_item")
        || table.rsplit_once("__g").is_some_and(is_generation)
}

impl Table {
    /// A table and the definition of its columns.
    pub const fn new(name: &'static str, columns: &'static str) -> Self {
        Self { name, columns, indexes: &[] }
    }

    /// With indexes: the end of the name of each, and its columns.
    #[must_use]
    pub const fn indexed(self, indexes: &'static [(&'static str, &'static str)]) -> Self {
        Self { indexes, ..self }
    }
}

impl Tables {
    pub(in crate::projections) fn new(generation: u32, tables: &'static [Table]) -> Self {
        Self { generation, tables }
    }

    /// What a table is called in this generation.
    pub fn name(&self, table: &str) -> String {
        format!("{table}__g{}", self.generation)
    }

    pub(in crate::projections) async fn create(&self, connection: &mut Connection) -> Result<(), DbError> {
        for table in self.tables {
            let name = self.name(table.name);
            let create = format!("create table {name} ({})", table.columns);
            query_assembled(create).execute(connection).await?;
            for (ending, columns) in table.indexes {
                let index = format!("create index {name}_{ending} on {name} ({columns})");
                query_assembled(index).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Lets the plain names mean this generation.
    pub(in crate::projections) async fn show(&self, connection: &mut Connection) -> Result<(), DbError> {
        for table in self.tables {
            let (view, name) = (table.name, self.name(table.name));
            query_assembled(format!("drop view if exists {view}")).execute(connection).await?;
            query_assembled(format!("create view {view} as select * from {name}"))
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    pub(in crate::projections) async fn drop(&self, connection: &mut Connection) -> Result<(), DbError> {
        for table in self.tables {
            let drop = format!("drop table if exists {}", self.name(table.name));
            query_assembled(drop).execute(connection).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Tables, is_derived};

    #[test]
    fn what_is_made_from_the_log_is_told_by_its_name() {
        let generation = Tables::new(12, &[]).name("catalog_summary");
        for derived in [generation.as_str(), "es_projection", "es_quarantine", "es_quarantine_item"] {
            assert!(is_derived(derived), "{derived}");
        }
        for own in ["es_event", "es_append", "catalog", "my__g", "my__good", "my__g1x", "g1"] {
            assert!(!is_derived(own), "{own}");
        }
    }
}
