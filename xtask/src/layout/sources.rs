//! The Rust files of the repository, and how long each is without its tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Where our code lives.
const ROOMS: [&str; 4] = ["crates", "apps", "xtask", "bench"];

/// A file and its length.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Source {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) lines: Lines,
}

/// The length of a file, in lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Lines {
    /// Everything up to the inline tests.
    pub(crate) before_tests: usize,
    /// Of these, the lines that are neither blank nor only a comment.
    pub(crate) code: usize,
    /// The inline tests.
    pub(crate) tests: usize,
}

/// Reads every Rust file that is not itself a test.
///
/// # Errors
///
/// When a folder or file cannot be read.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for room in ROOMS {
        walk(root, &root.join(room), &mut sources)?;
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            walk(root, &path, sources)?;
        } else if is_source(&name) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
            sources.push(Source { path: name, lines: measure(&text) });
        }
    }
    Ok(())
}

/// A Rust file, unless it holds nothing but tests.
fn is_source(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    file.strip_suffix(".rs").is_some_and(|stem| stem != "tests") && !parts.any(|folder| folder == "tests")
}

/// Counts the lines before and after `#[cfg(test)]` + `mod tests {`.
fn measure(text: &str) -> Lines {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let tests_begin = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'))
        .unwrap_or(lines.len());
    let is_code = |line: &&&str| !line.is_empty() && !line.starts_with("//");
    Lines {
        before_tests: tests_begin,
        code: lines[..tests_begin].iter().filter(is_code).count(),
        tests: lines.len() - tests_begin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_tests_are_counted_apart() {
        let text = "//! Docs.\n\nfn one() {}\n\n#[cfg(test)]\nmod tests {\n    fn two() {}\n}\n";
        assert_eq!(measure(text), Lines { before_tests: 4, code: 1, tests: 4 });
    }

    #[test]
    fn a_sibling_test_module_hides_nothing() {
        let text = "#[cfg(test)]\nmod tests;\n\nfn long() {}\n";
        assert_eq!(measure(text), Lines { before_tests: 4, code: 3, tests: 0 });
    }

    #[test]
    fn files_of_tests_are_not_sources() {
        for (path, expected) in [
            ("crates/mainstay/src/lib.rs", true),
            ("crates/mainstay/src/pipeline/tests.rs", false),
            ("crates/mainstay/src/pipeline/tests/limits.rs", false),
            ("crates/mainstay/tests/accept/harness.rs", false),
            ("crates/mainstay/src/attests.rs", true),
            ("crates/mainstay/README.md", false),
        ] {
            assert_eq!(is_source(path), expected, "{path}");
        }
    }
}
