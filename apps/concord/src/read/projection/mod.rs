//! How facts change the read model.
//!
//! A function of the facts alone, so that the model can be built again from the log. The foreign keys and
//! unique keys of the tables are its last word: a fact that was decided on in ignorance of another one fails
//! here, and with it the whole append.

mod catalogs;
mod items;
mod named;
#[cfg(test)]
mod tests;

use mainstay_db::Connection;
use mainstay_events::{Applying, InlineProjection, ProjectionError, RecordedEvent};

use self::items::NewItems;
use crate::domain::{Fact, stream};

/// Keeps the read model.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadModel;

/// A fact finds the read model in a state that it cannot have been decided on.
#[derive(Debug, thiserror::Error)]
#[error("event {event_type} at position {position} changes {changed} rows of {table}, not one")]
struct Astray {
    event_type: String,
    position: mainstay_events::Position,
    table: &'static str,
    changed: u64,
}

impl InlineProjection for ReadModel {
    fn name(&self) -> &'static str {
        "read_model"
    }

    fn apply<'a>(&'a self, transaction: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(apply(transaction, events))
    }
}

async fn apply(connection: &mut Connection, events: &[RecordedEvent]) -> Result<(), ProjectionError> {
    // New items come by the hundred; they are written with few statements.
    let mut new_items = NewItems::default();
    for event in events.iter().filter(|event| event.stream.category() != stream::DRILL) {
        let fact = event.decode::<Fact>()?;
        if let Fact::ItemCreated(item) = fact {
            new_items.add(connection, event, item).await?;
            continue;
        }
        new_items.flush(connection).await?;
        match fact {
            Fact::SchemaCreated(schema) => named::create_schema(connection, event, &schema).await?,
            Fact::SchemaChanged(schema) => named::change_schema(connection, event, &schema).await?,
            Fact::SchemaDeleted(gone) => named::delete(connection, event, "schema", &gone.name).await?,
            Fact::RulesetCreated(ruleset) => named::create_ruleset(connection, event, &ruleset).await?,
            Fact::RulesetChanged(ruleset) => named::change_ruleset(connection, event, &ruleset).await?,
            Fact::RulesetDeleted(gone) => named::delete(connection, event, "ruleset", &gone.name).await?,
            Fact::ClusterRulesetCreated(ruleset) => {
                named::create_cluster_ruleset(connection, event, &ruleset).await?;
            }
            Fact::ClusterRulesetChanged(ruleset) => {
                named::change_cluster_ruleset(connection, event, &ruleset).await?;
            }
            Fact::ClusterRulesetDeleted(gone) => {
                named::delete(connection, event, "cluster_ruleset", &gone.name).await?;
            }
            Fact::CatalogCreated(catalog) => catalogs::create(connection, event, &catalog).await?,
            Fact::CatalogChanged(catalog) => catalogs::change(connection, event, &catalog).await?,
            Fact::CatalogDeleted(gone) => catalogs::delete(connection, event, &gone.name).await?,
            Fact::ItemChanged(item) => items::change(connection, event, &item).await?,
            Fact::ItemDeleted(gone) => items::delete(connection, event, &gone).await?,
            // Taken above.
            Fact::ItemCreated(_) => {}
        }
    }
    new_items.flush(connection).await
}

/// Checks that a statement changed one row.
fn one(event: &RecordedEvent, table: &'static str, changed: u64) -> Result<(), ProjectionError> {
    if changed == 1 {
        return Ok(());
    }
    let (event_type, position) = (event.event_type.clone(), event.position);
    Err(ProjectionError::Refused(Box::new(Astray { event_type, position, table, changed })))
}

/// JSON for a column.
fn json(value: &impl serde::Serialize) -> Result<mainstay_db::Value, ProjectionError> {
    super::column::json(value).map_err(|error| ProjectionError::Refused(Box::new(error)))
}
