//! Answers to questions about what is stored: pairs, matrices, items, clusters.
//!
//! The [engine](crate::engine) compiles content and knows no database. An [`Evaluator`] joins the two:
//!
//! - **What is compiled is kept** as long as the content stays as it is. Each question looks up, with one small
//!   statement, in which [states](crate::read::Revisions) the things it names are; what is kept in those states
//!   answers it, and anything else is read again and compiled once, however many ask. So an answer is never older
//!   than its question.
//! - **Heavy work runs apart** from the threads that serve requests, in bounded number. Who cannot begin in time
//!   is told when to come back; work whose client has left, or whose time is up, stops.
//! - **Long answers flow** through a bounded channel at the pace of the client, in memory that does not grow with
//!   their length.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use concord::api::Catalogues;
//! use concord::domain::Name;
//! use concord::evaluation::Subject;
//! use concord::service::{Surroundings, demo, migrations};
//! use concord::settings::ConcordSettings;
//! use mainstay::telemetry::metrics::Metrics;
//! use mainstay_core::{Clock, Shutdown, Tasks};
//! use mainstay_db::{Database, DatabaseSettings, MigratedBy};
//!
//! let clock = Clock::system();
//! let database = Database::open(&DatabaseSettings::in_memory(), &clock).await?;
//! let by = MigratedBy { version: "0.1.0".into(), instance: "example".into() };
//! migrations().up(&database, &clock, None, &by).await?;
//! let (tasks, metrics) = (Tasks::new(), Metrics::new());
//! let stopping = Shutdown::new();
//! let surroundings = Surroundings { database, clock: clock.clone(), tasks, metrics, stopping };
//! let catalogues = Catalogues::open(surroundings, &ConcordSettings::default())?;
//! demo::fill_if_empty(&catalogues).await?;
//!
//! let subject = Subject {
//!     catalog: Name::parse("parts")?,
//!     ruleset: Name::parse("pc-compatibility")?,
//!     cluster_ruleset: None,
//! };
//! let deadline = clock.now() + Duration::from_secs(10);
//! let result = catalogues.evaluator.pair(&subject, "cpu-aster-4", "cpu-aster-6", deadline).await?;
//! assert!(!result.compatible, "two processors");
//! # Ok(()) }
//! ```

mod cache;
mod clusters;
mod error;
mod evaluator;
mod item;
mod lane;
mod library;
mod matrix;
mod meter;
mod pair;
mod rendering;

pub use clusters::{ClusterSearchOptions, MAX_CELLS, MAX_MEMBERS};
pub use error::AnswerError;
pub use evaluator::{Evaluator, EvaluatorLimits};
pub use library::{MAX_ITEMS, Subject};
pub use matrix::{MatrixAnswer, MatrixForm};
pub use meter::FAMILIES;
pub use rendering::{BrokenOff, Pieces, Rendering};
