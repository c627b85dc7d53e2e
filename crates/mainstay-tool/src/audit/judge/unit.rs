//! Units of systemd.

use mainstay_core::settings::{Place, Problem};

use super::{Deployment, secrets};
use crate::audit::discover::Found;
use crate::audit::files::File;
use crate::audit::files::unit::{Entry, Unit};
use crate::audit::settings::Settings;
use crate::audit::{rules, time};

/// What confines a service, and what counts as done.
const CONFINING: [&str; 6] = [
    "NoNewPrivileges",
    "PrivateTmp",
    "PrivateDevices",
    "ProtectKernelTunables",
    "RestrictSUIDSGID",
    "LockPersonality",
];

pub(super) fn judge(found: &mut Found, problems: &mut Vec<Problem>, deployments: &mut Vec<Deployment>) {
    for (file, unit) in &found.units {
        // Units that run something else are none of ours to judge.
        let Some(start) = unit.get("ExecStart").filter(|start| start.value.ends_with(" serve")) else {
            continue;
        };
        let place = file.line(start.line, "ExecStart");
        let settings = settings_of(file, unit);
        judge_identity(file, unit, &place, problems);
        judge_sandbox(file, unit, &place, problems);
        judge_supervision(file, unit, &place, problems);
        judge_secrets(file, unit, problems);
        judge_files(file, unit, &settings, &place, problems);
        let grace = match unit.get("TimeoutStopSec") {
            Some(entry) if entry.value == "infinity" => None,
            Some(entry) => time::span(&entry.value).map(|limit| (limit, at(file, entry))),
            // systemd's default is 90 s, unless the machine says otherwise.
            None => None,
        };
        let is_socket_per_instance = false;
        deployments.push(Deployment {
            settings,
            place,
            grace,
            instances: 1 + u64::from(is_socket_per_instance),
        });
    }
}

fn settings_of(file: &File, unit: &Unit) -> Settings {
    let mut settings = Settings::default();
    for entry in unit.all("Environment") {
        for pair in entry.value.split_whitespace() {
            let Some((name, value)) = pair.trim_matches('"').split_once('=') else { continue };
            settings.give(name, Some(value), file.line(entry.line, value));
        }
    }
    for entry in unit.all("EnvironmentFile").chain(unit.all("LoadCredential")) {
        let names = entry.value.trim_start_matches('-');
        // Somewhere on the machine: what it gives is not known here.
        for name in ["SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "TRUSTED_PROXIES"] {
            if names.contains("env") {
                settings.give(name, None, file.line(entry.line, &entry.value));
            }
        }
    }
    settings
}

fn judge_identity(file: &File, unit: &Unit, place: &Place, problems: &mut Vec<Problem>) {
    let user = unit.get("User");
    let is_root = user.is_some_and(|user| matches!(user.value.as_str(), "root" | "0"));
    if is_root || (user.is_none() && !unit.is_on("DynamicUser")) {
        problems.push(rules::ROOT_USER.found(user.map_or_else(|| place.clone(), |user| at(file, user))));
    }
}

fn judge_sandbox(file: &File, unit: &Unit, place: &Place, problems: &mut Vec<Problem>) {
    let mut open: Vec<&str> = CONFINING.into_iter().filter(|key| !unit.is_on(key)).collect();
    if unit.get("ProtectSystem").is_none_or(|entry| entry.value != "strict") {
        open.push("ProtectSystem=strict");
    }
    if unit.get("ProtectHome").is_none_or(|entry| entry.value == "no" || entry.value == "false") {
        open.push("ProtectHome");
    }
    if unit.get("CapabilityBoundingSet").is_none_or(|entry| !entry.value.is_empty()) {
        open.push("CapabilityBoundingSet=");
    }
    if unit.get("SystemCallFilter").is_none() {
        open.push("SystemCallFilter");
    }
    if !open.is_empty() {
        let given = open.iter().find_map(|key| unit.get(key));
        let place = given.map_or_else(|| place.clone(), |entry| at(file, entry));
        problems
            .push(rules::NOT_SANDBOXED.at(place, format!("the unit is not sandboxed: {}", open.join(", "))));
    }
}

fn judge_supervision(file: &File, unit: &Unit, place: &Place, problems: &mut Vec<Problem>) {
    let kind = unit.get("Type");
    let notifies = kind.is_some_and(|kind| kind.value.starts_with("notify"));
    if !notifies || unit.get("WatchdogSec").is_none() {
        problems.push(rules::NOT_SUPERVISED.found(kind.map_or_else(|| place.clone(), |kind| at(file, kind))));
    }
    let restart = unit.get("Restart");
    if restart.is_none_or(|restart| restart.value == "no") {
        problems
            .push(rules::NO_RESTART.found(restart.map_or_else(|| place.clone(), |entry| at(file, entry))));
    } else if !unit
        .all("RestartPreventExitStatus")
        .any(|entry| entry.value.split_whitespace().any(|code| code == "2"))
    {
        problems.push(rules::RESTARTS_WRONG_SETTINGS.found(place.clone()));
    }
    if unit.get("MemoryMax").is_none() {
        problems.push(rules::NO_MEMORY_LIMIT.found(place.clone()));
    }
}

fn judge_secrets(file: &File, unit: &Unit, problems: &mut Vec<Problem>) {
    for entry in unit.all("Environment") {
        for pair in entry.value.split_whitespace() {
            let Some((name, value)) = pair.trim_matches('"').split_once('=') else { continue };
            if secrets::is_secret(name, value) && !value.starts_with('%') {
                let message = format!("{name} has a value in the unit");
                problems.push(rules::SECRET_IN_CLEAR.at(file.secret_line(entry.line, name), message));
            }
        }
    }
}

fn judge_files(file: &File, unit: &Unit, settings: &Settings, place: &Place, problems: &mut Vec<Problem>) {
    let Some(connections) = settings.max_connections() else { return };
    let limit = unit.get("LimitNOFILE");
    let most = match limit {
        Some(entry) if entry.value == "infinity" => return,
        Some(entry) => entry.value.split(':').next().and_then(|soft| soft.parse::<usize>().ok()),
        // systemd's default for services.
        None => Some(1024),
    };
    let Some(most) = most else { return };
    if most <= connections {
        let message =
            format!("it may open {most} files, and have {connections} connections (MAX_CONNECTIONS)");
        let place = limit.map_or_else(|| place.clone(), |entry| at(file, entry));
        problems.push(rules::TOO_FEW_FILES.at(place, message));
    }
}

fn at(file: &File, entry: &Entry) -> Place {
    file.line(entry.line, &entry.value)
}
