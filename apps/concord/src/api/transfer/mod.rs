//! What is stored as documents, many things at once: `/api/v1/export` and `/api/v1/import`.

mod documents;
mod exports;
mod imports;

use mainstay::Routes;

use super::Catalogues;

pub use self::documents::DocumentReader;

/// Both ways.
pub(super) fn routes() -> Routes<Catalogues> {
    exports::routes().merge(imports::routes())
}
