//! Whether the crates can be published: their manifests, and cargo's own rehearsal.

mod manifests;

use std::fs;

use anyhow::{Result, bail};

use crate::command::{self, cargo};
use crate::metadata::Metadata;
use crate::step::Step;
use crate::workspace;

pub(crate) const MANIFESTS: Step = Step {
    name: "manifests",
    what: "what the crates say of themselves to those who find them",
    work: manifests,
};
pub(crate) const RELEASE: Step =
    Step { name: "release", what: "whether the crates can be published as they are", work: rehearse };

/// Judges the manifests of the crates that are published.
///
/// # Errors
///
/// When one lacks something; all of it is printed first.
fn manifests() -> Result<()> {
    let metadata = Metadata::read()?;
    let published = metadata.members().filter(|package| package.is_published());
    let mut problems: Vec<String> = published.flat_map(manifests::check).collect();
    let changes = fs::read_to_string(workspace::root().join("CHANGELOG.md"))?;
    problems.extend(
        metadata.members().next().and_then(|package| manifests::check_changes(&changes, &package.version)),
    );
    for problem in &problems {
        anstream::eprintln!("   {problem}");
    }
    if !problems.is_empty() {
        bail!("{} in the manifests", problems.len());
    }
    Ok(())
}

/// Has cargo pack every crate and build it from what is packed, in the order in which they need one another, without
/// giving anything to the registry.
///
/// # Errors
///
/// When a manifest is wrong, or a crate does not build from what is packed.
fn rehearse() -> Result<()> {
    manifests()?;
    command::run(cargo(["publish", "--dry-run", "--workspace", "--locked", "--all-features"]))
}
