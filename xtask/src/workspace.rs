//! Where the repository is.

use std::path::Path;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    // The manifest of this crate is one level below the root.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
