//! What an import says when it is done.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::commands::Warning;
use crate::domain::Kind;
use crate::engine::Problem;

/// What became of the rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// The kind, as running text writes it.
    kind: String,
    /// How many rows were stored.
    pub imported: usize,
    /// How many items were stored with them; `None` for kinds without items.
    pub items: Option<usize>,
    /// How many rows were skipped.
    pub skipped: usize,
    /// What was refused, a sentence each.
    pub errors: Vec<String>,
    /// What the client should know of the rest.
    pub warnings: Vec<Warning>,
}

impl ImportReport {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind: kind.noun().to_owned(),
            imported: 0,
            items: (kind == Kind::Catalog).then_some(0),
            skipped: 0,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The account in one sentence. Clients look into it.
    pub fn message(&self) -> String {
        let mut message = format!("Imported {} {}(s)", self.imported, self.kind);
        // Infallible: a `String` takes what it is given.
        if let Some(items) = self.items {
            let _ = write!(message, " with {items} item(s)");
        }
        if self.skipped > 0 {
            let _ = write!(message, ", skipped {}", self.skipped);
        }
        if let Some(errors) = self.detail() {
            let _ = write!(message, ". Errors: {errors}");
        }
        message
    }

    /// What was refused in one sentence; `None` if nothing was.
    pub fn detail(&self) -> Option<String> {
        (!self.errors.is_empty()).then(|| self.errors.join("; "))
    }

    /// Adds warnings, each with the place of its row.
    pub(super) fn warn(&mut self, place: &str, warnings: Vec<Problem>) {
        let placed = warnings.into_iter().map(|problem| {
            let warning = Warning::from(problem);
            Warning { field: format!("{place}.{}", warning.field), ..warning }
        });
        self.warnings.extend(placed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_as_clients_expect() {
        let mut report = ImportReport::new(Kind::ClusterRuleset);
        assert_eq!(report.message(), "Imported 0 cluster ruleset(s)");
        report.skipped = 1;
        report.errors = vec!["one".into(), "two".into()];
        assert_eq!(report.message(), "Imported 0 cluster ruleset(s), skipped 1. Errors: one; two");
        let report = ImportReport { imported: 2, items: Some(7), ..ImportReport::new(Kind::Catalog) };
        assert_eq!(report.message(), "Imported 2 catalog(s) with 7 item(s)");
        assert_eq!(report.detail(), None);
    }
}
