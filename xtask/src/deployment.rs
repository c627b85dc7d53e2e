//! Whether the files under `deploy/` are right, by the tools that will read them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo, program};
use crate::step::Step;
use crate::{setup, workspace};

pub(crate) const DEPLOYMENT: Step =
    Step { name: "deployment", what: "image, Compose, nginx, systemd and Kubernetes files", work: check };

/// The most that `systemd-analyze security` may find open, in tenths.
const MOST_EXPOSED: u32 = 20;

/// Judges the files by `mainstay audit`, and by nginx, gixy, systemd and kubernetes-validate.
///
/// # Errors
///
/// When one of them finds something.
fn check() -> Result<()> {
    setup::judges_of_deployments()?;
    command::run(cargo(["run", "--quiet", "--locked", "--package", "mainstay-tool", "--", "audit", "."]))?;
    nginx()?;
    systemd()?;
    kubernetes()
}

/// `nginx -t` and gixy, on copies whose paths are of this machine.
fn nginx() -> Result<()> {
    let folder = workspace::root().join("target/deployment/nginx");
    fs::create_dir_all(folder.join("tls")).context("cannot make a folder for the configuration")?;
    let here = folder.to_str().context("the path of the workspace is not UTF-8")?;
    for name in ["nginx.conf", "concord.conf", "concord-proxy.conf"] {
        let text = fs::read_to_string(workspace::root().join("deploy/nginx").join(name))?;
        let text = text
            .replace("/etc/nginx/concord", &format!("{here}/concord"))
            .replace("/etc/nginx/tls", &format!("{here}/tls"))
            // The name of a container: nginx asks for it when it reads the file.
            .replace("server concord:8080", "server 127.0.0.1:8080")
            .replace("/dev/stdout", &format!("{here}/access.log"))
            .replace("/dev/stderr", &format!("{here}/error.log"));
        fs::write(folder.join(name), text)?;
    }
    let key = format!("{here}/tls/tls.key");
    let certificate = format!("{here}/tls/tls.crt");
    command::output(program(
        "openssl",
        [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=app.example.org",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    ))?;
    let whole = format!("{here}/nginx.conf");
    command::run(program("nginx", ["-t", "-q", "-c", &whole]))?;
    command::run(setup::GIXY.command(&[&whole])?)
}

/// `systemd-analyze security`, which gives a number from 0.0 (nothing is open) to 10.0.
fn systemd() -> Result<()> {
    let unit = workspace::root().join("deploy/systemd/concord.service");
    let unit = unit.to_str().context("the path of the workspace is not UTF-8")?;
    let table =
        command::output(program("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]))?;
    let exposed = table.lines().rev().find_map(exposure).context("systemd-analyze gave no number")?;
    let shown = format!("{}.{} of 10", exposed / 10, exposed % 10);
    if exposed > MOST_EXPOSED {
        bail!("systemd-analyze security says {shown}, more than 2.0");
    }
    anstream::eprintln!("    systemd-analyze security: {shown}");
    Ok(())
}

/// The number of the line `→ Overall exposure level for concord.service: 1.1 OK`, in tenths.
fn exposure(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("Overall exposure level for ")?;
    let number = rest.split_once(": ")?.1.split_whitespace().next()?;
    let (whole, tenths) = number.split_once('.')?;
    Some(whole.parse::<u32>().ok()? * 10 + tenths.parse::<u32>().ok()?)
}

fn kubernetes() -> Result<()> {
    let folder = workspace::root().join("deploy/kubernetes");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_manifest = path.extension().is_some_and(|extension| extension == "yaml")
            && path.file_stem().is_some_and(|stem| stem != "kustomization");
        if is_manifest {
            let path = path.to_str().context("the path of the workspace is not UTF-8")?;
            command::output(setup::KUBERNETES_VALIDATE.command(&["--strict", path])?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::exposure;

    #[test]
    fn the_number_is_read_in_tenths() {
        assert_eq!(exposure("→ Overall exposure level for concord.service: 1.1 OK 🙂"), Some(11));
        assert_eq!(exposure("→ Overall exposure level for concord.service: 9.6 UNSAFE 😨"), Some(96));
        assert_eq!(exposure("✓ PrivateTmp="), None);
    }
}
