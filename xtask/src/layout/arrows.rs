//! The arrows between crates.
//!
//! Every crate of ours stands on a floor and may know only crates of lower floors:
//!
//! | floor | crates |
//! |---|---|
//! | 0 | `mainstay-core` |
//! | 1 | `mainstay-resilience`, `mainstay-servers` |
//! | 2 | `mainstay-db` |
//! | 3 | `mainstay-events`, `mainstay` |
//! | 4 | `mainstay-cli`, `mainstay-testkit` |
//! | 5 | applications |
//! | 6 | tools: `xtask`, `bench`, `mainstay-tool` |
//!
//! So nothing runs back, and neighbours never know each other. Arrows of tests count as well: a crate whose
//! tests need a higher floor tests something that lives up there. A crate may name itself for its tests, to
//! turn its own features on.

use super::Finding;
use crate::metadata::Package;

/// A violation for each arrow that does not run down, and for each crate without a floor.
pub(crate) fn check<'a>(members: impl Iterator<Item = &'a Package>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in members {
        let Some(above) = floor(&package.name) else {
            findings.push(Finding::Violation(format!(
                "{} has no floor in the house; give it one in xtask/src/layout/arrows.rs",
                package.name
            )));
            continue;
        };
        let others = package.dependencies.iter().filter(|dependency| {
            dependency.name != package.name || dependency.kind.as_deref() != Some("dev")
        });
        for dependency in others {
            if floor(&dependency.name).is_some_and(|below| below >= above) {
                let kind = dependency.kind.as_deref().unwrap_or("normal");
                findings.push(Finding::Violation(format!(
                    "{} must not know {} ({kind} dependency): arrows run to lower floors only",
                    package.name, dependency.name
                )));
            }
        }
    }
    findings
}

/// The floor of a crate of ours; `None` for everybody else's.
fn floor(name: &str) -> Option<u8> {
    Some(match name {
        "mainstay-core" => 0,
        "mainstay-resilience" | "mainstay-servers" => 1,
        "mainstay-db" => 2,
        "mainstay-events" | "mainstay" => 3,
        "mainstay-cli" | "mainstay-testkit" => 4,
        "concord" | "guestbook" => 5,
        "xtask" | "bench" | "mainstay-tool" => 6,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency =
            |(name, kind): &(&str, Option<&str>)| json!({"name": name, "kind": kind, "req": "^1"});
        let dependencies: Vec<_> = dependencies.iter().map(dependency).collect();
        let text = json!({
            "id": name, "name": name, "version": "1.0.0", "manifest_path": "", "dependencies": dependencies,
            "description": null, "license": null, "rust_version": null, "readme": null, "publish": null,
        });
        serde_json::from_value(text).expect("a package")
    }

    fn findings(packages: &[Package]) -> Vec<String> {
        let text = |finding| match finding {
            Finding::Violation(text) | Finding::Note(text) => text,
        };
        check(packages.iter()).into_iter().map(text).collect()
    }

    #[test]
    fn arrows_that_run_down_are_fine() {
        let house = [
            package("mainstay-core", &[("serde", None)]),
            package("mainstay-db", &[("mainstay-core", None), ("mainstay-db", Some("dev"))]),
            package("mainstay", &[("mainstay-core", None), ("mainstay-db", None), ("tempfile", Some("dev"))]),
            package("concord", &[("mainstay-events", None), ("mainstay-testkit", Some("dev"))]),
        ];
        assert_eq!(findings(&house), [""; 0]);
    }

    #[test]
    fn an_arrow_that_runs_back_is_a_violation_also_for_tests() {
        for kind in [None, Some("dev"), Some("build")] {
            let found = findings(&[package("mainstay-core", &[("mainstay-db", kind)])]);
            assert_eq!(found.len(), 1, "{kind:?}");
            assert!(found[0].starts_with("mainstay-core must not know mainstay-db"), "{}", found[0]);
        }
    }

    #[test]
    fn neighbours_never_know_each_other() {
        let found = findings(&[
            package("mainstay", &[("mainstay-events", None)]),
            package("mainstay-events", &[("mainstay", None)]),
            package("mainstay-cli", &[("mainstay-testkit", None)]),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_crate_without_a_floor_is_a_violation() {
        let found = findings(&[package("mainstay-surprise", &[])]);
        assert!(found[0].starts_with("mainstay-surprise has no floor"), "{found:?}");
    }
}
