//! What stands in our own documents is known to everyone, so it is refused.

use std::path::{Path, PathBuf};

use super::super::secret_key::weakness;

/// Documents and example files of the repository.
fn documents(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        let is_document = name.ends_with(".md") || name.contains(".env") || name.ends_with(".yaml");
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            documents(&path, found);
        } else if path.is_file() && is_document {
            found.push(path);
        }
    }
}

#[test]
fn keys_in_our_documents_are_refused() {
    let mut found = Vec::new();
    documents(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")), &mut found);
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, name) in text.match_indices("SECRET_KEY=") {
            let value = text[at + name.len()..].split(['\n', '`', ' ']).next().unwrap();
            let value = value.trim_matches(['"', '\'']);
            assert!(weakness(value).is_some(), "{}: add {value} to the known keys", path.display());
        }
    }
}
