//! Imports: row by row, so that a refused row never stops the others, and all accepted rows of a kind at once.
//!
//! | row | what becomes of it |
//! |---|---|
//! | its name is taken, or was by an earlier row | `already exists`; skipped, where the client asks for that |
//! | it names a schema or ruleset that is not there | `… not found for …` |
//! | a key is missing, or holds another type | `Error importing …` with the key |
//! | its content is not usable | `… validation failed: …` |
//! | an item of a catalogue is bad | the item is left out, the catalogue and its other items are kept |

mod catalogs;
mod cluster_rulesets;
mod report;
mod row;
mod rows;
mod rulesets;
mod schemas;

pub use catalogs::ImportCatalogs;
pub use cluster_rulesets::ImportClusterRulesets;
pub use report::ImportReport;
pub use rulesets::ImportRulesets;
pub use schemas::ImportSchemas;

use super::Strictness;

/// How an import goes about what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether a row whose name is taken is skipped without a word.
    pub skip_existing: bool,
    /// How contents are judged.
    pub strictness: Strictness,
}
