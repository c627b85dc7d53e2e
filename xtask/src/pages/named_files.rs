//! Whether the files and folders that a page names in backticks are there.

/// What a path of the repository begins with, where a page means one.
const ROOTS: [&str; 8] = ["crates/", "apps/", "deploy/", "docs/", "xtask/", "bench/", ".github/", ".ci/"];

/// What is wrong with each path in backticks; `is_there` is asked by paths relative to the root.
pub(crate) fn check(text: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    named(text).filter(|path| !is_there(path)).map(|path| format!("there is no `{path}`")).collect()
}

/// The paths, in their order; patterns and places to fill in are none. Every second piece between backticks is code.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    // `path.rs::test` has a rule of its own.
    let paths =
        pieces.filter(|piece| ROOTS.iter().any(|root| piece.starts_with(root)) && !piece.contains("::"));
    paths.filter(|path| !path.contains([' ', '*', '{', '<', '…', 'N']))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn files_are_there_or_are_named() {
        let is_there = |path: &str| matches!(path, "deploy/nginx/" | "apps/concord/src/main.rs");
        for (text, expected) in [
            ("`deploy/nginx/` and `apps/concord/src/main.rs`", None),
            ("`crates/*/src`, `apps/{name}`, `deploy/x y`, `crates/a.rs::test`, `limits/`", None),
            ("deploy/none is not code", None),
            ("see `deploy/none`", Some("there is no `deploy/none`")),
            ("`one` and `.github/none.yml`", Some("there is no `.github/none.yml`")),
        ] {
            assert_eq!(check(text, is_there).first().map(String::as_str), expected, "{text}");
        }
    }
}
