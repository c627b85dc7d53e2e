//! Tools from `PyPI`, each in an environment of its own below `target/`: the system's Python stays as it is.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{self, program};
use crate::workspace;

/// Finds mistakes in files of nginx.
pub(crate) const GIXY: Tool = Tool { package: "gixy-ng", version: "0.2.59", program: "gixy" };
/// Judges manifests of Kubernetes by the schemas of its releases.
pub(crate) const KUBERNETES_VALIDATE: Tool =
    Tool { package: "kubernetes-validate", version: "1.37.0", program: "kubernetes-validate" };

/// A tool and the program that it brings.
pub(crate) struct Tool {
    package: &'static str,
    version: &'static str,
    program: &'static str,
}

impl Tool {
    /// The tool with these arguments; installs it first where its version is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be installed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command> {
        let Self { package, version, program: name } = self;
        let folder = workspace::root().join("target/tools").join(format!("{package}-{version}"));
        let folder = folder.to_str().context("the path of the workspace is not UTF-8")?;
        let path = format!("{folder}/bin/{name}");
        if !command::succeeds(program(&path, ["--version"])) {
            anstream::eprintln!("==> setup: installing {package} {version} with pip");
            command::run(program("python3", ["-m", "venv", "--clear", folder]))?;
            let pip = format!("{folder}/bin/pip");
            let wanted = format!("{package}=={version}");
            let quiet = ["--quiet", "--disable-pip-version-check"];
            command::run(program(&pip, quiet.iter().copied().chain(["install", &wanted])))?;
        }
        Ok(program(&path, arguments))
    }
}
