//! Importing cluster rulesets.

use std::collections::HashMap;

use mainstay_db::DbError;

use super::row::{PAIRWISE_RULESET, Row, RowError, SCHEMA, names, own_name};
use super::rows::{Rows, place, referred};
use super::{ImportOptions, ImportReport};
use crate::commands::decision::check_bounds;
use crate::commands::{Command, Decision, DomainError, Strictness, Verdict, cluster_ruleset};
use crate::domain::{ClusterRuleset, Kind, Name, Object, Ruleset, Schema, Slot};
use crate::read::Snapshot;

/// Imports cluster rulesets.
#[derive(Clone, Debug)]
pub struct ImportClusterRulesets {
    /// The rows.
    pub rows: Vec<Object>,
    /// How to go about them.
    pub options: ImportOptions,
}

/// What the import must know: all names that its rows hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    slots: HashMap<Name, Slot<ClusterRuleset>>,
    schemas: HashMap<Name, Slot<Schema>>,
    pairwise_rulesets: HashMap<Name, Slot<Ruleset>>,
}

impl Command for ImportClusterRulesets {
    type State = Surroundings;
    type Outcome = ImportReport;

    async fn load(&self, snapshot: &mut Snapshot) -> Result<Self::State, DbError> {
        let schemas = names(&self.rows, |row| row.reference(SCHEMA));
        let pairwise = names(&self.rows, |row| row.reference(PAIRWISE_RULESET));
        Ok(Surroundings {
            slots: snapshot.slots(&names(&self.rows, own_name)).await?,
            schemas: snapshot.slots(&schemas).await?,
            pairwise_rulesets: snapshot.slots(&pairwise).await?,
        })
    }

    fn decide(&self, state: Self::State) -> Result<Decision<ImportReport>, DomainError> {
        let mut rows = Rows::new(self.options, &state.slots);
        for row in &self.rows {
            let Some((name, last)) = rows.admit(row) else { continue };
            let row = Row(row);
            let Some(schema) = rows.schema(row, &state.schemas) else { continue };
            let pairwise = match referred(row, PAIRWISE_RULESET, &state.pairwise_rulesets) {
                Ok(pairwise) => pairwise,
                Err(reference) => {
                    let message =
                        format!("Pairwise ruleset '{reference}' not found for cluster ruleset '{name}'");
                    rows.report.errors.push(message);
                    continue;
                }
            };
            let references = (&schema.content.name, &pairwise.content.name);
            match read(row, name, references, self.options.strictness) {
                Ok((ruleset, verdict)) => {
                    rows.report.warn(&place(Kind::ClusterRuleset, &ruleset.name), verdict.warnings);
                    rows.accept(last, ruleset);
                    rows.rests_on(schema);
                    rows.rests_on(pairwise);
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
    (schema, pairwise): (&Name, &Name),
    strictness: Strictness,
) -> Result<(ClusterRuleset, Verdict), RowError> {
    let mut ruleset = ClusterRuleset {
        name,
        version: row.string("version")?.to_owned(),
        description: row.optional_string("description")?,
        schema_name: schema.clone(),
        pairwise_ruleset_name: pairwise.clone(),
        rules: row.objects("rules")?,
        invalid: false,
    };
    let verdict = strictness.judge::<ClusterRuleset>(cluster_ruleset::check(&ruleset), Vec::new())?;
    ruleset.invalid = verdict.invalid;
    check_bounds(&ruleset)?;
    Ok((ruleset, verdict))
}
