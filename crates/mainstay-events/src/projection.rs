//! Read models that are never behind.

use std::pin::Pin;

use mainstay_db::Connection;

use crate::{ProjectionError, RecordedEvent};

/// The future of [`InlineProjection::apply`].
pub type Applying<'a> = Pin<Box<dyn Future<Output = Result<(), ProjectionError>> + Send + 'a>>;

/// A read model that changes in the transaction of the append itself: whoever sees the events sees the model
/// with them, and when the model refuses, nothing was appended.
///
/// It makes every append longer, and appends wait for one another, so keep it to statements that need no
/// search; write many rows through [`insert_into`](mainstay_db::insert_into).
///
/// ```
/// use mainstay_db::{Connection, insert_into};
/// use mainstay_events::{Applying, InlineProjection, RecordedEvent};
///
/// struct PartNames;
///
/// impl InlineProjection for PartNames {
///     fn name(&self) -> &'static str {
///         "part_names"
///     }
///
///     fn apply<'a>(&'a self, transaction: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
///         Box::pin(async move {
///             let added = events.iter().filter(|event| event.event_type == "part_added");
///             let rows = added.map(|event| [event.stream.name().into(), event.payload.as_str().into()]);
///             insert_into("part", ["id", "details"]).rows(rows).execute(transaction).await?;
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait InlineProjection: Send + Sync + 'static {
    /// Its name, in snake case, for errors and logs.
    fn name(&self) -> &'static str;

    /// Applies the events of one append, in the order of their positions.
    ///
    /// It must be a function of the events alone: neither time nor chance nor anything outside the database,
    /// so that the model can be built again from the log. It must not append: the writer is taken.
    ///
    /// # Errors
    ///
    /// Any error undoes the whole append.
    fn apply<'a>(&'a self, transaction: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a>;
}
