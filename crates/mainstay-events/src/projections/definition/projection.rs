//! What an application writes: how events change a read model.

use std::borrow::Cow;

use mainstay_db::Connection;

use super::tables::{Table, Tables};
use crate::{Applying, RecordedEvent};

/// A read model that follows the log by itself, a moment behind the appends and never in their way.
///
/// Its tables are its own: they are made, swapped and dropped by the runner, and readers see the ones that serve
/// under the plain name. Its position is kept in the same transaction as its rows, so each event has its effect
/// once, whatever happens in between.
///
/// ```
/// use mainstay_db::{Connection, insert_into_assembled};
/// use mainstay_events::projections::{Batch, Projection, Table};
/// use mainstay_events::Applying;
///
/// struct PartNames;
///
/// impl Projection for PartNames {
///     fn name(&self) -> &'static str {
///         "part_names"
///     }
///
///     fn tables(&self) -> &'static [Table] {
///         const TABLES: &[Table] = &[Table::new("part", "id text primary key, details text not null")];
///         TABLES
///     }
///
///     fn apply<'a>(&'a self, connection: &'a mut Connection, batch: Batch<'a>) -> Applying<'a> {
///         Box::pin(async move {
///             let added = batch.events.iter().filter(|event| event.event_type == "part_added");
///             let rows = added.map(|event| [event.stream.name().into(), event.payload.as_str().into()]);
///             let part = batch.tables.name("part");
///             insert_into_assembled(part, ["id", "details"]).rows(rows).execute(connection).await?;
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Projection: Send + Sync + 'static {
    /// Its name, in snake case. It never changes.
    fn name(&self) -> &'static str;

    /// Raised whenever the same events are to give other rows, or the tables change: the next start builds the
    /// read model anew beside the one that serves.
    fn version(&self) -> u32 {
        1
    }

    /// Its tables.
    fn tables(&self) -> &'static [Table];

    /// The types of event that it wants to see; `None` for all. Others are passed over, unknown ones too.
    fn event_types(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// What an event belongs to. Events of one key are applied in their order; when one of them cannot be applied,
    /// the others of its key wait behind it. The stream, unless said otherwise.
    fn key<'e>(&self, event: &'e RecordedEvent) -> Cow<'e, str> {
        Cow::Borrowed(event.stream.as_str())
    }

    /// In how many lanes it runs at the same time, each with the keys of its own: for databases with many writers.
    /// Another number needs another [version](Projection::version).
    fn lanes(&self) -> u16 {
        1
    }

    /// What happens with an event that cannot be applied.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Quarantine
    }

    /// Applies events, in the order of their positions, to the tables named by [`Batch::tables`].
    ///
    /// It must be a function of the events alone: neither time nor chance nor anything outside the database. It
    /// may be called again for the same events, after a transaction that was rolled back.
    ///
    /// # Errors
    ///
    /// Any error undoes the batch. See [`sort`](crate::projections::sort) for what follows from it.
    fn apply<'a>(&'a self, connection: &'a mut Connection, batch: Batch<'a>) -> Applying<'a>;
}

/// Events to apply, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The events, in the order of their positions.
    pub events: &'a [&'a RecordedEvent],
    /// The tables to write to.
    pub tables: &'a Tables,
}

/// What happens with an event that cannot be applied, after it was tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPoison {
    /// Its key is put aside: this event and the later ones of the key wait for an operator or the next build; the
    /// others go on.
    Quarantine,
    /// The projection stops there and waits for an operator.
    Halt,
    /// It is left out, with a warning and a count. For read models that may have holes.
    Skip,
}
