//! Importing schemas.

use std::collections::HashMap;

use mainstay_db::DbError;

use super::row::{Row, RowError, names, own_name};
use super::rows::Rows;
use super::{ImportOptions, ImportReport};
use crate::commands::decision::check_bounds;
use crate::commands::{Command, Decision, DomainError, Strictness, schema};
use crate::domain::{Name, Object, Schema, Slot};
use crate::read::Snapshot;

/// Imports schemas.
#[derive(Clone, Debug)]
pub struct ImportSchemas {
    /// The rows.
    pub rows: Vec<Object>,
    /// How to go about them. Schemas are always checked in full.
    pub options: ImportOptions,
}

impl Command for ImportSchemas {
    type State = HashMap<Name, Slot<Schema>>;
    type Outcome = ImportReport;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        snapshot.slots(&names(&self.rows, own_name)).await
    }

    fn decide(&self, slots: Self::State) -> Result<Decision<ImportReport>, DomainError> {
        let mut rows = Rows::new(self.options, &slots);
        for row in &self.rows {
            let Some((name, last)) = rows.admit(row) else { continue };
            match read(Row(row), name) {
                Ok(schema) => rows.accept(last, schema),
                Err(error) => rows.refuse(Row(row), &error),
            }
        }
        Ok(rows.finish())
    }
}

fn read(row: Row<'_>, name: Name) -> Result<Schema, RowError> {
    let schema = Schema {
        name,
        version: row.string("version")?.to_owned(),
        description: row.optional_string("description")?,
        dimensions: row.objects("dimensions")?,
        invalid: false,
    };
    Strictness::Strict.judge::<Schema>(schema::check(&schema), Vec::new())?;
    check_bounds(&schema)?;
    Ok(schema)
}
