//! Every crate takes the workspace's lints.

use super::Finding;

/// A violation when the manifest does not say `[lints] workspace = true`.
pub(crate) fn check(name: &str, manifest: &str) -> Vec<Finding> {
    if inherits(manifest) {
        return Vec::new();
    }
    vec![Finding::Violation(format!("{name} lacks `[lints]` with `workspace = true` in its Cargo.toml"))]
}

/// Whether the `[lints]` table has the line `workspace = true`.
///
/// Cargo accepts other spellings (`lints.workspace = true`); we have one.
fn inherits(manifest: &str) -> bool {
    manifest
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .skip_while(|line| *line != "[lints]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.split_whitespace().eq(["workspace", "=", "true"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_may_stand_anywhere_with_comments() {
        for manifest in [
            "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n",
            "[lints] # ours\n# of all crates\nworkspace  =  true # yes\n[package]\n",
        ] {
            assert_eq!(check("x", manifest), [], "{manifest}");
        }
    }

    #[test]
    fn a_crate_without_the_line_is_a_violation() {
        for manifest in [
            "[package]\nname = \"x\"\n",
            "[package]\nversion.workspace = true\n[lints]\n[dependencies]\nworkspace = true\n",
            "[lints]\nworkspace = false\n",
            "[lints]\n# workspace = true\n",
            "[lints.rust]\nworkspace = true\n",
        ] {
            assert_eq!(check("x", manifest).len(), 1, "{manifest}");
        }
    }
}
