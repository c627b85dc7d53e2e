//! Why an evaluation cannot be done.

use super::catalogue::Row;
use super::problem::{Problem, messages};

/// Why an evaluation cannot be done. All of these are faults of the stored content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Items that do not fit their schema: the first ones found, at least one.
    #[error("Schema validation failed: {}", name_items(.0))]
    InvalidItems(Vec<InvalidItem>),
    /// The catalogue has more items than a search can hold.
    #[error("Cannot search a catalog of {items} items, at most {most}")]
    TooManyItems {
        /// How many there are.
        items: usize,
        /// How many there may be.
        most: usize,
    },
    /// A matrix, or a search, of nothing.
    #[error("Cannot evaluate empty catalog")]
    EmptyCatalogue,
}

/// An item that no evaluation can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidItem {
    /// Its place in the catalogue.
    pub row: Row,
    /// Its id.
    pub item_id: String,
    /// What is wrong with it; at least one.
    pub problems: Vec<Problem>,
}

impl InvalidItem {
    /// An error names no more items than this.
    pub const MOST_NAMED: usize = 20;
}

fn name_items(items: &[InvalidItem]) -> String {
    let named = items.iter().map(|item| format!("item '{}': {}", item.item_id, messages(&item.problems)));
    named.collect::<Vec<_>>().join("; ")
}
