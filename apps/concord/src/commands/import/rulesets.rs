//! Importing pairwise rulesets.

use std::collections::HashMap;

use mainstay_db::DbError;

use super::row::{Row, RowError, SCHEMA, names, own_name};
use super::rows::{Rows, place};
use super::{ImportOptions, ImportReport};
use crate::commands::decision::check_bounds;
use crate::commands::{Command, Decision, DomainError, Strictness, Verdict, ruleset};
use crate::domain::{Kind, Name, Object, Ruleset, Schema, Slot};
use crate::read::Snapshot;

/// Imports pairwise rulesets.
#[derive(Clone, Debug)]
pub struct ImportRulesets {
    /// The rows.
    pub rows: Vec<Object>,
    /// How to go about them.
    pub options: ImportOptions,
}

impl Command for ImportRulesets {
    type State = (HashMap<Name, Slot<Ruleset>>, HashMap<Name, Slot<Schema>>);
    type Outcome = ImportReport;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let schemas = names(&self.rows, |row| row.reference(SCHEMA));
        Ok((snapshot.slots(&names(&self.rows, own_name)).await?, snapshot.slots(&schemas).await?))
    }

    fn decide(&self, (slots, schemas): Self::State) -> Result<Decision<ImportReport>, DomainError> {
        let mut rows = Rows::new(self.options, &slots);
        for row in &self.rows {
            let Some((name, last)) = rows.admit(row) else { continue };
            let row = Row(row);
            let Some(schema) = rows.schema(row, &schemas) else { continue };
            match read(row, name, &schema.content.name, self.options.strictness) {
                Ok((ruleset, verdict)) => {
                    rows.report.warn(&place(Kind::Ruleset, &ruleset.name), verdict.warnings);
                    rows.accept(last, ruleset);
                    rows.rests_on(schema);
                }
                Err(error) => rows.refuse(row, &error),
            }
        }
        Ok(rows.finish())
    }
}

fn read(
    row: Row<'_>,
    name: Name,
    schema: &Name,
    strictness: Strictness,
) -> Result<(Ruleset, Verdict), RowError> {
    let mut ruleset = Ruleset {
        name,
        version: row.string("version")?.to_owned(),
        description: row.optional_string("description")?,
        schema_name: schema.clone(),
        rules: row.objects("rules")?,
        invalid: false,
    };
    let verdict = strictness.judge::<Ruleset>(ruleset::check(&ruleset), Vec::new())?;
    ruleset.invalid = verdict.invalid;
    check_bounds(&ruleset)?;
    Ok((ruleset, verdict))
}
