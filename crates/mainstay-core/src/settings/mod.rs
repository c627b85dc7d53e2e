//! Settings: read from every source, judged all at once.
//!
//! Each module owns a [`Section`]: a struct with one function that reads its fields. That one function serves
//! reading, the example file, the reference and `settings show`, because a [`Reader`] remembers every field
//! it was asked for, with its default, bounds and documentation.
//!
//! What a process reads its settings from, and in which order, is the business of whoever starts it: here,
//! [`Sources`] are layers of names and values. The setting `NAME` may be given as `NAME_FILE`, the path of a
//! file that holds the value, in each of them.
//!
//! ```
//! use std::time::Duration;
//! use mainstay_core::settings::{Environment, Reader, Section, read_pairs};
//!
//! struct Pool { max_size: u32, timeout: Duration }
//!
//! impl Section for Pool {
//!     fn read(reader: &mut Reader<'_>) -> Self {
//!         reader.group("Database", "Where the data lives.");
//!         Self {
//!             max_size: reader
//!                 .field::<u32>("DB_POOL_MAX_SIZE")
//!                 .doc("Most connections that are open at once.")
//!                 .default(20)
//!                 .bounds(1..=1000)
//!                 .too_high("the database refuses connections")
//!                 .read(),
//!             timeout: reader.field("DB_POOL_TIMEOUT").default(Duration::from_secs(5)).read(),
//!         }
//!     }
//! }
//!
//! let loaded = read_pairs::<Pool>(Environment::Test, &[("DB_POOL_MAX_SIZE", "0"), ("DB_POOL_TIMOUT", "9s")]);
//! assert!(loaded.settings.is_none());
//! let [bounds, unknown] = loaded.report.problems.as_slice() else { panic!("both at once") };
//! assert_eq!(bounds.message, "DB_POOL_MAX_SIZE is below 1");
//! assert_eq!(unknown.help, ["did you mean DB_POOL_TIMEOUT?"]);
//! ```

mod environment;
mod explain;
mod field;
mod file;
mod loaded;
mod problem;
mod reader;
mod source;
pub mod suggest;
mod value;

pub use environment::Environment;
pub use explain::EXPLANATIONS;
pub use field::{Defaulted, Field, FieldBuilder, Group, NoDefault};
pub use file::{FileError, read_text};
pub use loaded::{Loaded, Report, describe, read_pairs};
pub use problem::{Excerpt, Explanation, Place, Problem, Severity, visible};
pub use reader::{Reader, Section};
pub use source::{Given, Layer, Source, Sources};
pub use value::{Choice, Invalid, Setting};

#[cfg(test)]
mod tests;

/// What stands in place of a secret.
pub const REDACTED: &str = "(redacted)";
