//! Concord's own settings.

use mainstay_core::settings::{Environment, Reader, Section};

use crate::files::Limits;
use crate::read::export::ExportLimits;

/// How large a page of an export may become, in bytes of JSON: items may be large, and a page is made in memory.
const MAX_EXPORT_BYTES: usize = 8 << 20;

/// Concord's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcordSettings {
    /// `MAX_IMPORT_ITEMS`: most things, items included, that one import takes.
    pub max_import_items: usize,
    /// `MAX_EXPORT_ITEMS`: how large a page of an export may be.
    pub export: ExportLimits,
    /// `DEMO_DATA`: whether an empty store is filled with the demo catalogues.
    pub demo_data: bool,
    /// `YAML_MAX_DEPTH`, `YAML_MAX_ALIASES`: what a file may be.
    pub files: Limits,
}

impl Section for ConcordSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Concord", "How much comes in and goes out at once, and what a new store begins with.");
        let max_import_items = reader
            .field("MAX_IMPORT_ITEMS")
            .doc("Most schemas, rulesets, catalogs and items together that one import takes. Beyond it: 422.")
            .default(1_000_usize)
            .bounds(1..=10_000)
            .too_low("ordinary catalogs have to be imported in pieces")
            .too_high("an import holds the only writer for as long as it takes")
            .read();
        let rows = reader
            .field("MAX_EXPORT_ITEMS")
            .doc("Most rows, items included, of one page of an export. What is left is on the next page.")
            .default(10_000_usize)
            .bounds(1..=100_000)
            .too_high("a page is made in memory")
            .read();
        let demo_data = reader
            .field::<bool>("DEMO_DATA")
            .doc("Whether an empty store is filled with the demo catalogs.")
            .default_text("yes in development, otherwise no")
            .optional();
        let depth = reader
            .field("YAML_MAX_DEPTH")
            .doc("Deepest nesting of a YAML file.")
            .default(20_usize)
            .bounds(1..=100)
            .too_low("rules with conditions inside conditions are refused")
            .read();
        let aliases = reader
            .field("YAML_MAX_ALIASES")
            .doc("Most aliases of a YAML file.")
            .default(100_usize)
            .bounds(0..=10_000)
            .too_high("a small file may unfold to a very large one")
            .read();
        Self {
            max_import_items,
            export: ExportLimits { rows, bytes: MAX_EXPORT_BYTES },
            demo_data: demo_data.unwrap_or(reader.environment() == Environment::Development),
            files: Limits { depth, aliases, ..Limits::default() },
        }
    }
}

impl Default for ConcordSettings {
    /// The defaults, without demo catalogues.
    fn default() -> Self {
        Self {
            max_import_items: 1_000,
            export: ExportLimits { rows: 10_000, bytes: MAX_EXPORT_BYTES },
            demo_data: false,
            files: Limits::default(),
        }
    }
}
