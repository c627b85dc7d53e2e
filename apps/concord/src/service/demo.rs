//! The catalogues that a new store begins with in development.

use mainstay_db::DbError;
use mainstay_events::Position;

use crate::api::Catalogues;
use crate::commands::import::ImportOptions;
use crate::import::Document;
use crate::ledger::{LedgerError, Origin};

/// The documents, as `/export/all` makes them: parts of computers, and a kit for the mountains.
const DOCUMENTS: [(&str, &str); 2] = [
    ("pc-parts", include_str!("../../demo/pc-parts.json")),
    ("alpine-kit", include_str!("../../demo/alpine-kit.json")),
];

/// Why the demo catalogues are not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The store cannot be asked whether it is empty.
    #[error("the store cannot be read")]
    Database(#[from] DbError),
    /// A document is no JSON: a mistake of the build.
    #[error("the demo catalogue {name} cannot be read")]
    Document {
        /// Which.
        name: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The store does not take it.
    #[error("the demo catalogue cannot be imported")]
    Import(#[from] LedgerError),
    /// Rows of a document were refused: a mistake of the build.
    #[error("rows of the demo catalogue {name} were refused: {detail}")]
    Refused {
        /// Which.
        name: &'static str,
        /// What was refused.
        detail: String,
    },
}

/// Imports the demo catalogues into a store in which nothing ever happened.
///
/// # Errors
///
/// See [`DemoError`].
pub async fn fill_if_empty(catalogues: &Catalogues) -> Result<(), DemoError> {
    if catalogues.ledger.events().head().await? != Position::START {
        return Ok(());
    }
    for (name, text) in DOCUMENTS {
        let document: Document =
            serde_json::from_str(text).map_err(|source| DemoError::Document { name, source })?;
        let things = document.count();
        let (options, origin) = (ImportOptions::default(), Origin::default());
        let reports = catalogues.importer.import_all(document, options, Some(&origin)).await?;
        if let Some(detail) = reports.iter().find_map(|(_, report)| report.detail()) {
            return Err(DemoError::Refused { name, detail });
        }
        tracing::info!(name, things, "demo catalogue imported");
    }
    Ok(())
}
