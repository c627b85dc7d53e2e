//! Importing whole documents: what the API, the demo catalogue and the command line share.

use std::collections::VecDeque;

use mainstay_core::{Clock, random};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::Command;
use crate::commands::import::{
    ImportCatalogs, ImportClusterRulesets, ImportOptions, ImportReport, ImportRulesets, ImportSchemas,
};
use crate::domain::Object;
use crate::ledger::{Ledger, LedgerError, Origin};

/// The parts of a document, in the order in which they are imported: what is referred to comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says it by its name")]
pub enum Part {
    Schemas,
    Rulesets,
    ClusterRulesets,
    Catalogs,
}

/// A document as `/export/all` makes it. Unknown keys are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ImportDocument")]
pub struct Document {
    /// Schemas.
    pub schemas: Option<Vec<Object>>,
    /// Pairwise rulesets.
    pub rulesets: Option<Vec<Object>>,
    /// Cluster rulesets.
    pub cluster_rulesets: Option<Vec<Object>>,
    /// Catalogues with their items.
    pub catalogs: Option<Vec<Object>>,
}

/// Imports documents.
#[derive(Clone, Debug)]
pub struct Importer {
    ledger: Ledger,
    clock: Clock,
    most_things: usize,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Schemas, Self::Rulesets, Self::ClusterRulesets, Self::Catalogs];

    /// The key in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schemas => "schemas",
            Self::Rulesets => "rulesets",
            Self::ClusterRulesets => "cluster_rulesets",
            Self::Catalogs => "catalogs",
        }
    }

    /// As the account of an import calls it. Clients know these words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Schemas => "Schemas",
            Self::Rulesets => "RuleSets",
            Self::ClusterRulesets => "ClusterRuleSets",
            Self::Catalogs => "Catalogs",
        }
    }
}

impl Document {
    /// The rows of a part.
    pub fn part_mut(&mut self, part: Part) -> &mut Option<Vec<Object>> {
        match part {
            Part::Schemas => &mut self.schemas,
            Part::Rulesets => &mut self.rulesets,
            Part::ClusterRulesets => &mut self.cluster_rulesets,
            Part::Catalogs => &mut self.catalogs,
        }
    }

    /// How many things it holds, items included.
    pub fn count(&self) -> usize {
        let parts = [&self.schemas, &self.rulesets, &self.cluster_rulesets, &self.catalogs];
        parts.into_iter().flatten().flatten().map(things).sum()
    }
}

/// How many things a row is: itself and, of a catalogue, its items.
fn things(row: &Object) -> usize {
    1 + row.get("items").and_then(|items| items.as_array()).map_or(0, Vec::len)
}

impl Importer {
    /// An importer that takes at most so many things at once.
    pub fn new(ledger: Ledger, clock: Clock, most_things: usize) -> Self {
        Self { ledger, clock, most_things }
    }

    /// The most things, items included, that one document may hold.
    pub fn most_things(&self) -> usize {
        self.most_things
    }

    /// Imports the rows of a part, all accepted ones at once. Without an origin nothing is done, and the report
    /// says what would be.
    ///
    /// # Errors
    ///
    /// See [`LedgerError`].
    pub async fn import(
        &self,
        part: Part,
        rows: Vec<Object>,
        options: ImportOptions,
        origin: Option<&Origin>,
    ) -> Result<ImportReport, LedgerError> {
        match part {
            Part::Schemas => self.run(&ImportSchemas { rows, options }, origin).await,
            Part::Rulesets => self.run(&ImportRulesets { rows, options }, origin).await,
            Part::ClusterRulesets => self.run(&ImportClusterRulesets { rows, options }, origin).await,
            Part::Catalogs => {
                let rows = rows.into_iter().map(|row| (random::uuid(&self.clock), row)).collect();
                self.run(&ImportCatalogs { rows, options }, origin).await
            }
        }
    }

    /// Imports a document, part by part; one that is larger than a request may be, piece by piece. What a
    /// dry run of a later part says does not know of the earlier ones.
    ///
    /// # Errors
    ///
    /// See [`LedgerError`]. The parts before the one that failed are imported then.
    pub async fn import_all(
        &self,
        mut document: Document,
        options: ImportOptions,
        origin: Option<&Origin>,
    ) -> Result<Vec<(Part, ImportReport)>, LedgerError> {
        let mut reports = Vec::new();
        for part in Part::ALL {
            let mut rows = VecDeque::from(document.part_mut(part).take().unwrap_or_default());
            while !rows.is_empty() {
                let piece = self.piece(&mut rows);
                reports.push((part, self.import(part, piece, options, origin).await?));
            }
        }
        Ok(reports)
    }

    /// As many rows as may be imported at once, one at least.
    fn piece(&self, rows: &mut VecDeque<Object>) -> Vec<Object> {
        let mut room = self.most_things;
        let mut piece = Vec::new();
        while let Some(row) = rows.pop_front_if(|row| piece.is_empty() || things(row) <= room) {
            room = room.saturating_sub(things(&row));
            piece.push(row);
        }
        piece
    }

    async fn run<C: Command<Outcome = ImportReport>>(
        &self,
        command: &C,
        origin: Option<&Origin>,
    ) -> Result<ImportReport, LedgerError> {
        match origin {
            Some(origin) => self.ledger.carry_out(command, origin).await,
            None => self.ledger.rehearse(command).await,
        }
    }
}
