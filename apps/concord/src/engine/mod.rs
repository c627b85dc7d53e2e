//! Which things go together, and why.
//!
//! The engine is pure: content comes in as the JSON that is stored, typed results and bytes go out. It knows no
//! files, no SQL and no HTTP, and takes the time as a value.
//!
//! Everything is read once. A [`Schema`] checks the items of a [`Catalogue`], which keeps each attribute as a column
//! of numbered values. A [`RuleSet`] becomes a tree of operators; [`Pairwise`] binds that tree to the columns. From there
//! on a comparison of two items compares numbers: it neither allocates nor looks at JSON, and a row of the matrix is
//! answered 64 items at a time. Reasons are written only when somebody reads them.
//!
//! ```
//! use std::sync::Arc;
//!
//! use concord::engine::{Catalogue, Item, Pairwise, RuleSet, Validation};
//! use serde_json::json;
//!
//! let rules = [json!({
//!     "name": "same-socket",
//!     "type": "requirement",
//!     "condition": {"any": [{"any_missing": {"field": "socket"}}, {"equals": {"field": "socket"}}]},
//! })];
//! let ruleset = RuleSet::compile("parts", "1.0.0", &rules)?;
//! let (cpu, board) = (json!({"socket": "AM5"}), json!({"socket": "LGA1700"}));
//! let items = [("cpu", &cpu), ("board", &board)].map(|(id, attributes)| Item {
//!     id,
//!     name: id,
//!     attributes: attributes.as_object().unwrap(),
//! });
//! let catalogue = Arc::new(Catalogue::compile("pc", Validation::Off("parts"), &items));
//! let (cpu, board) = (catalogue.row("cpu").unwrap(), catalogue.row("board").unwrap());
//!
//! let pairwise = Pairwise::new(catalogue, Arc::new(ruleset));
//! let result = pairwise.compare(cpu, board, jiff::Timestamp::UNIX_EPOCH)?;
//! assert!(!result.compatible);
//! assert_eq!(
//!     result.rules_evaluated[0].reason,
//!     "All OR conditions failed: Both items have 'socket' attribute; Different socket values: 'AM5' vs 'LGA1700'",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod chunks;
mod cluster;
mod condition;
mod content;
mod error;
mod item;
mod matrix;
mod pairwise;
mod problem;
mod rules;
mod schema;
mod value;
mod workers;
mod writer;

pub use catalogue::{Catalogue, Item, Row, Validation};
pub use chunks::Chunks;
pub use cluster::{
    Candidate, CandidateReport, ClusterSearch, ClusterValidation, Clusters, FoundCluster, SearchOptions,
    Truncation,
};
pub use content::ContentError;
pub use error::{EvaluationError, InvalidItem};
pub use matrix::{MatrixCount, MatrixOptions, Page};
pub use pairwise::{Comparison, ComparisonResult, Pairwise, RuleEvaluation};
pub use problem::Problem;
pub use rules::{ClusterRuleSet, RuleSet};
pub use schema::{AttributeReport, Schema};
pub(crate) use value::list as python_list;
pub use workers::{Workers, WorkersError};
