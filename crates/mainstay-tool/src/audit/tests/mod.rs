//! The audit against our own deployment files: nothing is wrong with them, and each mistake that is planted in
//! them is found.

mod formats;
mod mistakes;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Audit, audit};

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A copy of our deployment files.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_folder(&repository().join("deploy"), &folder.path().join("deploy"));
    fs::copy(repository().join(".dockerignore"), folder.path().join(".dockerignore")).expect("copied");
    folder
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn codes(audit: &Audit) -> Vec<&'static str> {
    audit.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn nothing_is_wrong_with_our_own_files() {
    let folder = copy();

    let audit = audit(folder.path()).expect("readable");

    assert!(audit.problems.is_empty(), "{:#?}", audit.problems);
    assert!(audit.not_judged.is_empty(), "{:#?}", audit.not_judged);
    let kinds: std::collections::BTreeSet<_> = audit.judged.iter().map(|one| one.kind).collect();
    let expected = [
        "Compose file",
        "Dockerfile",
        "Kubernetes manifest",
        "configuration of nginx",
        "file of settings",
        "list of what an image is not built from",
        "unit of systemd",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}
