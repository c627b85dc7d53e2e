//! The release build of Concord.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::cargo::cargo;

/// A build of Concord, in a place where the next build does not replace it.
pub(crate) struct Binary {
    /// Lives as long as the program in it.
    _folder: TempDir,
    /// The program.
    pub(crate) path: PathBuf,
}

/// Which features are built in.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// As users get it.
    Plain,
    /// With routes and settings that misbehave on purpose.
    Drills,
}

impl Binary {
    /// Builds Concord; cargo does nothing when it is built already.
    ///
    /// # Errors
    ///
    /// When it does not compile.
    pub(crate) fn build(build: Build) -> Result<Self> {
        let features: &[&str] = match build {
            Build::Plain => &[],
            Build::Drills => &["--features", "drills"],
        };
        anstream::eprintln!("==> cargo build --release --package concord {}", features.join(" "));
        let output = cargo(&["build", "--release", "--locked", "--package", "concord"])
            .args(features)
            .args(["--message-format", "json-render-diagnostics"])
            .output()
            .context("cannot start cargo")?;
        if !output.status.success() {
            bail!("concord does not build");
        }
        let program =
            executable(&String::from_utf8_lossy(&output.stdout)).context("cargo built no program")?;
        let folder = TempDir::with_prefix("concord-bench-").context("cannot make a folder")?;
        let path = folder.path().join("concord");
        std::fs::copy(&program, &path).with_context(|| format!("cannot copy {}", program.display()))?;
        Ok(Self { _folder: folder, path })
    }
}

/// The program that cargo's messages name.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == "concord")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"tokio"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"concord"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"concord"},"executable":"/target/release/concord"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/target/release/concord")));
        assert_eq!(executable(""), None);
    }
}
