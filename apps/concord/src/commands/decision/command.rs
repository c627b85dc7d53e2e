//! What a command is.

use mainstay_db::DbError;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Changes, DomainError};
use crate::engine::Problem;
use crate::read::Snapshot;

/// Something to be done: it looks, then decides.
pub trait Command: Send + Sync {
    /// What it must know.
    type State: Send;

    /// What it says when it was carried out. Kept with the facts where the client may repeat the request.
    type Outcome: Serialize + DeserializeOwned + Send;

    /// Looks at what it must know.
    ///
    /// # Errors
    ///
    /// When the read model cannot be read.
    fn load(&self, snapshot: &mut Snapshot) -> impl Future<Output = Result<Self::State, DbError>> + Send;

    /// Decides: a pure function of the command and the state.
    ///
    /// # Errors
    ///
    /// When the command cannot be carried out in that state.
    fn decide(&self, state: Self::State) -> Result<Decision<Self::Outcome>, DomainError>;
}

/// What is to happen, and what is said when it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<T> {
    /// What is to happen.
    pub changes: Changes,
    /// What is said.
    pub outcome: T,
}

/// What the client should know of content that was stored all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Where: a path such as `attributes.colour`.
    pub field: String,
    /// What kind of problem; stable, for programs.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// The outcome of creating or changing something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What the client should know.
    pub warnings: Vec<Warning>,
}

/// The outcome of deleting something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// What went with it, in words; `None` if nothing did.
    pub with_it: Option<String>,
}

impl From<Problem> for Warning {
    fn from(problem: Problem) -> Self {
        Self { field: problem.field, code: problem.code.to_owned(), message: problem.message }
    }
}

impl Written {
    /// With these warnings.
    pub fn with(warnings: Vec<Problem>) -> Self {
        Self { warnings: warnings.into_iter().map(Warning::from).collect() }
    }
}
