//! Schemas, rules and catalogues in files: YAML or JSON, one object each.
//!
//! Files come from anywhere. Their size is checked before they are read, their nesting and the aliases of YAML while
//! they are; what is left is handed on as it was written.

mod document;
mod load;

pub use document::{CatalogFile, ClusterRulesFile, FileItem, RulesFile, SchemaFile};
pub use load::{Format, Limits, LoadError, load, parse};

#[cfg(test)]
mod tests;
