//! What the settings of one deployment must agree with, whatever runs it.

use mainstay_core::settings::Problem;

use super::{Deployment, judge_grace};
use crate::audit::rules;

pub(super) fn judge(deployment: &Deployment, problems: &mut Vec<Problem>) {
    let settings = &deployment.settings;
    problems.extend(settings.problems());
    judge_grace(deployment, problems);
    if deployment.instances > 1 {
        judge_sharing(deployment, problems);
    }
}

/// Nothing that is local to a process may be relied on by several.
fn judge_sharing(deployment: &Deployment, problems: &mut Vec<Problem>) {
    let settings = &deployment.settings;
    let count = deployment.instances;
    let local = [
        ("DATABASE_URL", settings.text("DATABASE_URL").is_some_and(|url| url.starts_with("sqlite:"))),
        ("DATABASE_URL", !settings.has("DATABASE_URL")),
        ("SESSION_STORE", settings.text("SESSION_STORE") == Some("memory")),
        ("RATE_LIMIT_STORE", settings.text("RATE_LIMIT_STORE").is_none_or(|store| store == "memory")),
    ];
    for (name, _) in local.into_iter().filter(|(_, is_local)| *is_local) {
        let place = settings.place(name).unwrap_or(&deployment.place).clone();
        let message = format!("there are {count} instances, and {name} is local to each");
        problems.push(rules::LOCAL_STORE_SHARED.at(place, message));
    }
}
