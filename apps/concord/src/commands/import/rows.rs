//! What all kinds do with their rows.

use std::collections::{HashMap, HashSet};

use mainstay_events::Version;

use super::row::{Row, RowError};
use super::{ImportOptions, ImportReport};
use crate::commands::{Changes, Decision};
use crate::domain::{Kind, Name, Object, Resource, Schema, Slot, Stored};

/// An import half way: what was accepted so far, and what was said.
pub(super) struct Rows<'a, T> {
    options: ImportOptions,
    slots: &'a HashMap<Name, Slot<T>>,
    accepted: HashSet<Name>,
    pub(super) changes: Changes,
    pub(super) report: ImportReport,
}

impl<'a, T: Resource> Rows<'a, T> {
    pub(super) fn new(options: ImportOptions, slots: &'a HashMap<Name, Slot<T>>) -> Self {
        let report = ImportReport::new(T::KIND);
        Self { options, slots, accepted: HashSet::new(), changes: Changes::none(), report }
    }

    /// The name of a row and where its stream is, if the name is free; otherwise the row is dealt with.
    pub(super) fn admit(&mut self, row: &Object) -> Option<(Name, Version)> {
        let row = Row(row);
        let name = match row.name("name") {
            Ok(name) => name,
            Err(error) => {
                self.refuse(row, &error);
                return None;
            }
        };
        let last = match self.slots.get(&name) {
            Some(Slot::Vacant(last)) if !self.accepted.contains(&name) => *last,
            None if !self.accepted.contains(&name) => Version::default(),
            _ if self.options.skip_existing => {
                self.report.skipped += 1;
                return None;
            }
            _ => {
                self.report.errors.push(format!("{} '{name}' already exists", T::KIND));
                return None;
            }
        };
        Some((name, last))
    }

    /// Notes why a row is refused.
    pub(super) fn refuse(&mut self, row: Row<'_>, error: &RowError) {
        let name = row.label("name");
        self.report.errors.push(match error {
            RowError::Content(_) => format!("{} '{name}' validation failed: {error}", T::KIND),
            _ => format!("Error importing {} '{name}': {error}", T::KIND.noun()),
        });
    }

    /// The schema that a row refers to; otherwise the row is dealt with.
    pub(super) fn schema<'s>(
        &mut self,
        row: Row<'_>,
        schemas: &'s HashMap<Name, Slot<Schema>>,
    ) -> Option<&'s Stored<Schema>> {
        let found = referred(row, super::row::SCHEMA, schemas);
        found
            .map_err(|reference| {
                let (kind, name) = (T::KIND.noun(), row.label("name"));
                self.report.errors.push(format!("Schema '{reference}' not found for {kind} '{name}'"));
            })
            .ok()
    }

    /// Accepts a row.
    pub(super) fn accept(&mut self, last: Version, content: T) {
        self.accepted.insert(content.key().clone());
        self.report.imported += 1;
        self.changes = std::mem::take(&mut self.changes).create(last, content);
    }

    /// What was accepted holds only while something stays as it is.
    pub(super) fn rests_on<R: Resource>(&mut self, stored: &Stored<R>) {
        self.changes = std::mem::take(&mut self.changes).rests_on(stored);
    }

    pub(super) fn finish(self) -> Decision<ImportReport> {
        Decision { changes: self.changes, outcome: self.report }
    }
}

/// What a row refers to, or the reference as messages show it.
pub(super) fn referred<'s, T>(
    row: Row<'_>,
    keys: [&str; 2],
    slots: &'s HashMap<Name, Slot<T>>,
) -> Result<&'s Stored<T>, String> {
    let reference = row.reference(keys);
    let slot = reference.and_then(|text| Name::parse(text).ok()).and_then(|name| slots.get(&name));
    match slot {
        Some(Slot::Taken(stored)) => Ok(stored),
        Some(Slot::Vacant(_)) | None => Err(reference.unwrap_or("None").to_owned()),
    }
}

/// The place of a row in warnings.
pub(super) fn place(kind: Kind, name: &Name) -> String {
    format!("{} '{name}'", kind.noun())
}
