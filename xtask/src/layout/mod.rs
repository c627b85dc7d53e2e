//! Whether the crates keep to their places.
//!
//! Each rule is a pure function from what was read to a list of findings; reading is done here.

mod arrows;
mod forbidden;
mod lints;
mod sizes;
mod sources;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::metadata::Metadata;
use crate::step::Step;
use crate::workspace;

pub(crate) const LAYOUT: Step = Step {
    name: "check-layout",
    what: "arrows between crates, lints, sizes, forbidden dependencies",
    work: run,
};

/// Something that is not as it should be.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    /// Fails the check.
    Violation(String),
    /// Is printed.
    Note(String),
}

/// Reads the workspace and applies every rule.
///
/// # Errors
///
/// When there is a violation; all of them are printed first.
fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let mut findings = arrows::check(metadata.members());
    findings.extend(forbidden::check(metadata.built()));
    for package in metadata.members() {
        let manifest = fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("cannot read {}", package.manifest_path.display()))?;
        findings.extend(lints::check(&package.name, &manifest));
    }
    let files = sources::read(workspace::root())?;
    findings.extend(sizes::check(&files));

    let mut violations = 0;
    for finding in &findings {
        match finding {
            Finding::Violation(text) => {
                violations += 1;
                anstream::eprintln!("   violation: {text}");
            }
            Finding::Note(text) => anstream::eprintln!("   note: {text}"),
        }
    }
    if violations > 0 {
        bail!("{violations} in the layout; docs/architecture.md has the rules");
    }
    Ok(())
}
