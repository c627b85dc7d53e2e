//! Why a question is not answered.

use std::time::Duration;

use mainstay_db::DbError;

use super::library::MAX_ITEMS;
use crate::domain::Kind;
use crate::engine::{ContentError, EvaluationError, python_list};

/// Why a question is not answered.
///
/// The texts of the first ones are what clients are told; some of them look for these words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Something that the question names is not there.
    #[error("{kind} '{name}' not found")]
    NotFound {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// Items of a cluster are not in the catalogue: all of them, in the order of the question.
    #[error("Items not found in catalog: {}", python_list(.0.iter().map(String::as_str)))]
    MembersNotFound(Vec<String>),
    /// An item of the base is not in the catalogue: the first such.
    #[error("Base item '{0}' not found in catalog")]
    BaseItemNotFound(String),
    /// The question names more items than one answer may be about.
    #[error("{what} may be {most} at most, not {count}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much there may be.
        most: usize,
    },
    /// The catalogue has more items than an evaluation can hold.
    #[error("Cannot evaluate a catalog of {count} items, at most {MAX_ITEMS}")]
    CatalogTooLarge {
        /// How many there are.
        count: usize,
    },
    /// A schema or ruleset that no evaluation can use.
    #[error(transparent)]
    Content(ContentError),
    /// Items, or a catalogue, that no evaluation can use.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// There is more to do than can be begun in time.
    #[error("more evaluations wait than can begin in time")]
    Overloaded {
        /// When there may be room again.
        retry_after: Duration,
    },
    /// The time for the answer is up.
    #[error("the evaluation was not finished in time")]
    Late,
    /// What is stored cannot be read.
    #[error("what is to be evaluated cannot be read")]
    Read(#[from] DbError),
    /// What is stored is not what was written.
    #[error("the attributes of item '{item_id}' are stored as something else than JSON")]
    Damaged {
        /// The item.
        item_id: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A defect of ours.
    #[error("the evaluation panicked")]
    Panicked,
}
