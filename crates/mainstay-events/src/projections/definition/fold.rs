//! Projections that first add up and then write: one row for each key, however many events.

use std::collections::BTreeMap;

use mainstay_db::Connection;

use super::projection::{Batch, OnPoison, Projection};
use super::tables::{Table, Tables};
use crate::{Applying, ProjectionError, RecordedEvent};

/// A read model whose events add up to changes of rows before anything is written. Writing is what costs, so this
/// is many times faster than row by row.
///
/// The rest is as in [`Projection`]; wrap it in [`Folded`].
pub trait Fold: Send + Sync + 'static {
    /// What a batch changes of one row.
    type Change: Default + Send;

    /// See [`Projection::name`].
    fn name(&self) -> &'static str;

    /// See [`Projection::version`].
    fn version(&self) -> u32 {
        1
    }

    /// See [`Projection::tables`].
    fn tables(&self) -> &'static [Table];

    /// See [`Projection::event_types`].
    fn event_types(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// See [`Projection::on_poison`].
    fn on_poison(&self) -> OnPoison {
        OnPoison::Quarantine
    }

    /// Adds an event to the changes of the rows that it concerns.
    ///
    /// # Errors
    ///
    /// When the event does not read.
    fn fold(
        &self,
        changes: &mut BTreeMap<String, Self::Change>,
        event: &RecordedEvent,
    ) -> Result<(), ProjectionError>;

    /// Writes the changes, sorted by their keys.
    ///
    /// # Errors
    ///
    /// As [`Projection::apply`].
    fn write<'a>(
        &'a self,
        connection: &'a mut Connection,
        tables: &'a Tables,
        changes: BTreeMap<String, Self::Change>,
    ) -> Applying<'a>;
}

/// A [`Fold`] as a [`Projection`].
#[derive(Clone, Copy, Debug)]
pub struct Folded<F>(pub F);

impl<F: Fold> Projection for Folded<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn version(&self) -> u32 {
        self.0.version()
    }

    fn tables(&self) -> &'static [Table] {
        self.0.tables()
    }

    fn event_types(&self) -> Option<&'static [&'static str]> {
        self.0.event_types()
    }

    fn on_poison(&self) -> OnPoison {
        self.0.on_poison()
    }

    fn apply<'a>(&'a self, connection: &'a mut Connection, batch: Batch<'a>) -> Applying<'a> {
        Box::pin(async move {
            let mut changes = BTreeMap::new();
            for event in batch.events {
                self.0.fold(&mut changes, event)?;
            }
            self.0.write(connection, batch.tables, changes).await
        })
    }
}
