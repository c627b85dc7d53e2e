//! What `cargo metadata` says of the workspace: only the fields that are used here.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::{self, cargo};

/// The answer of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Every package of the graph, of all platforms.
    pub(crate) packages: Vec<Package>,
    /// The ids of our own packages.
    pub(crate) workspace_members: Vec<String>,
    /// What is built, on the platform that was asked for.
    pub(crate) resolve: Resolve,
    /// Where cargo puts what it builds.
    pub(crate) target_directory: PathBuf,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    /// The registries it may go to: `None` for all, an empty list for none.
    publish: Option<Vec<String>>,
}

impl Package {
    /// Whether it may go to a registry.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

/// A dependency as its manifest declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Which versions of it will do.
    pub(crate) req: String,
    /// `None` for an ordinary one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// The graph as it was resolved.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// A package in the graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
}

impl Metadata {
    /// Asks cargo, with all features on: a forbidden crate behind a feature is forbidden too.
    ///
    /// # Errors
    ///
    /// When cargo fails, for example because `Cargo.lock` is not current.
    pub(crate) fn read() -> Result<Self> {
        let arguments = ["metadata", "--format-version", "1", "--all-features", "--locked"];
        let text = command::output(cargo(arguments))?;
        serde_json::from_str(&text).context("cargo metadata answered in a shape that is not known")
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The names of all packages that are built.
    pub(crate) fn built(&self) -> impl Iterator<Item = &str> {
        let built = |package: &&Package| self.resolve.nodes.iter().any(|node| node.id == package.id);
        self.packages.iter().filter(built).map(|package| package.name.as_str())
    }
}
