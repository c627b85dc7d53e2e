//! The API token that the measurements sign in with.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Makes a token for everything, by command, in the database of a service that runs in `folder` with these settings.
///
/// # Errors
///
/// When the command fails; it says why on standard error.
pub(crate) fn create(program: &Path, folder: &Path, settings: &[(String, String)]) -> Result<String> {
    let output = Command::new(program)
        .args(["token", "create", "--role", "operator", "--name", "bench", "--format", "json"])
        .current_dir(folder)
        .env_clear()
        .envs(settings.iter().cloned())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start concord")?;
    ensure!(output.status.success(), "concord token create ended with {}", output.status);
    token(&output.stdout).context("concord token create printed no token")
}

fn token(output: &[u8]) -> Option<String> {
    let made: Value = serde_json::from_slice(output).ok()?;
    made["token"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_in_what_the_command_prints() {
        let printed = br#"{"id": "01a1", "name": "bench", "role": "operator", "token": "mst_abc"}"#;
        assert_eq!(token(printed).as_deref(), Some("mst_abc"));
        assert_eq!(token(b"mst_abc"), None);
        assert_eq!(token(b"{}"), None);
    }
}
