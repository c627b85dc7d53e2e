//! Where the repository is.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        // What cargo says now, not what it said at the build: clones that share a target folder share this program.
        let here = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        // The manifest of this crate is one level below the root.
        here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
    });
    &ROOT
}
