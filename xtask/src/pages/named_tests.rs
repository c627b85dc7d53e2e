//! Whether the tests that a page names are in the files that it names.

use std::path::Path;

/// What is wrong with each `path.rs::name` in backticks; `source` gives the text of a file.
pub(crate) fn check(text: &str, source: impl Fn(&str) -> Option<String>) -> Vec<String> {
    named(text).filter_map(|(path, name)| problem(path, name, source(path).as_deref())).collect()
}

fn problem(path: &str, name: &str, source: Option<&str>) -> Option<String> {
    match source {
        None => Some(format!("there is no file {path}")),
        Some(source) if !is_test(source, name) => Some(format!("{path} has no test {name}")),
        Some(_) => None,
    }
}

/// The paths and names, in their order. Every second piece between backticks is code.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pieces = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    pieces
        .filter_map(|piece| piece.split_once("::"))
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|extension| extension == "rs"))
}

/// Whether the file has the function with a test's attribute above it.
fn is_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let mut lines = source.lines().map(str::trim_start).collect::<Vec<_>>().into_iter().rev();
    // From the function upwards, over the other attributes and comments that belong to it.
    let found = lines.any(|line| line.split("async ").last().unwrap_or(line).starts_with(&head));
    let above = lines.take_while(|line| line.starts_with('#') || line.starts_with("//"));
    found && above.into_iter().any(|line| line.starts_with("#[") && line.contains("test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "#[test]\nfn plain() {}\n\n    #[tokio::test(start_paused = true)]\n    // Why.\n    \
                          async fn later() {}\n\nfn helper() {}\n\n#[test]\n#[cfg(unix)]\nfn here() {}\n";

    #[test]
    fn tests_are_found_and_what_is_none_is_named() {
        let source = |path: &str| (path == "a/tests.rs").then(|| SOURCE.to_owned());
        for (text, expected) in [
            ("| `a/tests.rs::plain`, `a/tests.rs::later` |", None),
            ("`a/tests.rs::here`", None),
            ("`Host::check` is no path, and neither is a/tests.rs::gone", None),
            ("`a/tests.rs::helper`", Some("a/tests.rs has no test helper")),
            ("`a/tests.rs::plai`", Some("a/tests.rs has no test plai")),
            ("`b/tests.rs::plain`", Some("there is no file b/tests.rs")),
        ] {
            assert_eq!(check(text, source).first().map(String::as_str), expected, "{text}");
        }
    }
}
