//! What is made once and kept for later runs: a folder below cargo's target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folder of the cache, or `None` when this program was not built by cargo (then nothing is kept).
pub(crate) fn folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    // Cargo marks its target folder with this file, wherever that folder is.
    let target = program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
    let folder = target.join("mainstay-servers");
    fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// Waits for a lock that all processes of this cache share. It is held until the file is dropped.
pub(crate) fn lock(path: &Path) -> File {
    let file = File::create(path).expect("a lock file in the cache");
    file.lock().expect("a lock that can be waited for");
    file
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the copy");
    fs::set_permissions(to, fs::metadata(from).expect("a folder to copy").permissions())
        .expect("its permissions");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry of a folder to copy");
        let copied = to.join(entry.file_name());
        if entry.file_type().expect("the type of a file to copy").is_dir() {
            copy(&entry.path(), &copied);
        } else {
            fs::copy(entry.path(), copied).expect("a file can be copied");
        }
    }
}
