//! What a manifest must say before a crate is published.

use std::path::Path;

use crate::metadata::{Dependency, Package};

/// How many keywords and categories the registry takes.
const MOST_WORDS: usize = 5;

/// What is missing in the manifest of a crate.
pub(super) fn check(package: &Package) -> Vec<String> {
    let folder = package.manifest_path.parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: &str| {
        if !holds {
            problems.push(format!("{}: {problem}", package.name));
        }
    };
    expect(package.description.as_ref().is_some_and(|text| text.len() >= 20), "a description of a sentence");
    expect(package.license.is_some(), "a license");
    expect(package.rust_version.is_some(), "a rust-version");
    expect(package.readme.as_ref().is_some_and(|file| folder.join(file).is_file()), "a readme");
    expect((1..=MOST_WORDS).contains(&package.keywords.len()), "one to five keywords");
    expect((1..=MOST_WORDS).contains(&package.categories.len()), "one to five categories");
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        expect(folder.join(license).is_file(), &format!("the text {license}"));
    }
    for dependency in &package.dependencies {
        expect(is_found_elsewhere(dependency), &format!("a version of {}", dependency.name));
    }
    problems
}

/// Whether somebody without this repository finds the dependency. What only tests need is left out of what is packed
/// where it has no version.
fn is_found_elsewhere(dependency: &Dependency) -> bool {
    dependency.kind.as_deref() == Some("dev") || dependency.req != "*"
}

/// What is missing in the list of changes.
pub(super) fn check_changes(changes: &str, version: &str) -> Option<String> {
    let mut headings = changes.lines().filter_map(|line| line.strip_prefix("## "));
    let is_there = headings.any(|heading| {
        heading.trim_matches(['[', ']']).starts_with(version) || heading.contains("nreleased")
    });
    (!is_there).then(|| format!("CHANGELOG.md: neither {version} nor what is unreleased"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    type Change = fn(&mut Package);

    /// A crate in the folder that lacks nothing.
    fn whole(folder: &Path) -> Package {
        let text = serde_json::json!({
            "id": "one", "name": "one", "version": "0.1.0", "manifest_path": folder.join("Cargo.toml"),
            "description": "Does one thing, and does it well", "license": "MIT OR Apache-2.0", "rust_version": "1.95",
            "readme": "README.md", "keywords": ["web"], "categories": ["asynchronous"], "publish": null,
            "dependencies": [
                {"name": "two", "req": "^1.0", "kind": null},
                {"name": "three", "req": "*", "kind": "dev"},
            ],
        });
        serde_json::from_value(text).expect("a package")
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            fs::write(folder.path().join(file), "").expect("written");
        }
        folder
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = folder(&["README.md", "LICENSE-MIT", "LICENSE-APACHE"]);
        assert_eq!(check(&whole(folder.path())), Vec::<String>::new());
        let changes: [(Change, &str); 8] = [
            (|one| one.description = Some("Short".to_owned()), "one: a description of a sentence"),
            (|one| one.license = None, "one: a license"),
            (|one| one.rust_version = None, "one: a rust-version"),
            (|one| one.readme = Some("NONE.md".into()), "one: a readme"),
            (|one| one.keywords.clear(), "one: one to five keywords"),
            (|one| one.categories = vec![String::new(); 6], "one: one to five categories"),
            (|one| one.manifest_path = "/none/Cargo.toml".into(), "one: a readme"),
            (|one| one.dependencies[0].req = "*".to_owned(), "one: a version of two"),
        ];
        for (change, expected) in changes {
            let mut package = whole(folder.path());
            change(&mut package);
            let found = check(&package);
            assert!(found.contains(&expected.to_owned()), "{expected}: {found:?}");
        }
    }

    #[test]
    fn the_list_of_changes_speaks_of_the_version() {
        for (changes, is_missing) in [
            ("# Changes\n\n## [0.1.0] - 2026-01-01\n", false),
            ("## 0.1.0\n", false),
            ("## [Unreleased]\n", false),
            ("## [0.0.9]\n", true),
            ("", true),
        ] {
            assert_eq!(check_changes(changes, "0.1.0").is_some(), is_missing, "{changes}");
        }
    }
}
