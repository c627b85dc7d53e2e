//! What is judged. Each file judges one format; what formats must agree on goes through the
//! [`Deployments`] that they tell of.

mod agreement;
mod compose;
mod dockerfile;
mod image;
mod kubernetes;
mod nginx;
mod secrets;
mod unit;

use std::time::Duration;

use mainstay_core::settings::{Place, Problem};

use super::discover::Found;
use super::rules;
use super::settings::Settings;

/// A way in which a Mainstay service is run.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) settings: Settings,
    /// What stands in front of it and may be asked for its limits: everything found in one repository.
    pub(super) place: Place,
    /// How long it is given to end, where that is known here, and where it says so.
    pub(super) grace: Option<(Duration, Place)>,
    /// How many of it there are.
    pub(super) instances: u64,
}

/// Judges everything that was found.
pub(super) fn judge(found: &mut Found) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut deployments = Vec::new();
    dockerfile::judge(found, &mut problems);
    compose::judge(found, &mut problems, &mut deployments);
    unit::judge(found, &mut problems, &mut deployments);
    kubernetes::judge(found, &mut problems, &mut deployments);
    for deployment in &deployments {
        agreement::judge(deployment, &mut problems);
    }
    nginx::judge(found, &deployments, &mut problems);
    problems
}

/// The rule of all that stop a service: more time than it drains for.
fn judge_grace(deployment: &Deployment, problems: &mut Vec<Problem>) {
    let (Some((grace, place)), Some(drain)) = (&deployment.grace, deployment.settings.shutdown_timeout())
    else {
        return;
    };
    if *grace <= drain {
        let message =
            format!("it is killed after {grace:?}, and drains for up to {drain:?} (SHUTDOWN_TIMEOUT)");
        problems.push(rules::STOP_TOO_SHORT.at(place.clone(), message));
    }
}

/// Whether a path, or a volume that begins with one, is the socket of a container runtime.
fn is_runtime_socket(path: &str) -> bool {
    ["docker.sock", "podman.sock", "containerd.sock", "crio.sock"].iter().any(|socket| path.contains(socket))
}
