//! Compose files.

use std::time::Duration;

use mainstay_core::settings::Problem;

use super::{Deployment, image, is_runtime_socket, secrets};
use crate::audit::discover::Found;
use crate::audit::files::{File, env};
use crate::audit::settings::Settings;
use crate::audit::yaml::Node;
use crate::audit::{rules, time};

/// How long Compose waits when a file says nothing.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// One service of a file.
struct Service<'a> {
    file: &'a File,
    name: &'a str,
    node: &'a Node,
    whole: &'a Node,
    settings: Settings,
}

pub(super) fn judge(found: &mut Found, problems: &mut Vec<Problem>, deployments: &mut Vec<Deployment>) {
    let mut not_judged = Vec::new();
    for (file, whole) in &found.compose {
        let Some(services) = whole.at(["services"]) else { continue };
        let services: Vec<_> = services
            .entries()
            .map(|(name, node)| {
                let settings = settings_of(file, node, &found.settings);
                Service { file, name, node, whole, settings }
            })
            .collect();
        for service in &services {
            service.judge(&services, problems);
            for word in ["env_file"] {
                if let Some(missing) = service.unread_env_file(word, &found.settings) {
                    not_judged.push((file.path.clone(), missing));
                }
            }
        }
        deployments.extend(services.iter().filter(|service| service.serves()).map(Service::deployment));
    }
    for (path, reason) in not_judged {
        found.pass_over(path, reason);
    }
}

/// What a service is given: `environment` first, then the files of `env_file`.
fn settings_of(file: &File, node: &Node, files: &[File]) -> Settings {
    let mut settings = Settings::default();
    if let Some(environment) = node.at(["environment"]) {
        for (name, value) in environment.entries() {
            let text = value.text().filter(|text| !text.contains("${"));
            settings.give(name, text, file.line(value.line, value.text().unwrap_or(name)));
        }
        for item in environment.items() {
            let Some((name, value)) = item.text().and_then(|text| text.split_once('=')) else { continue };
            settings.give(name, Some(value).filter(|text| !text.contains("${")), file.line(item.line, value));
        }
    }
    for given in env_files(file, node, files).flatten() {
        for pair in env::pairs(given) {
            settings.give(&pair.name, Some(&pair.value), given.line(pair.line, &pair.value));
        }
    }
    settings
}

/// The files of `env_file`, as far as they are among those that were read.
fn env_files<'a>(
    file: &'a File,
    node: &'a Node,
    files: &'a [File],
) -> impl Iterator<Item = Option<&'a File>> + 'a {
    let words = node.at(["env_file"]).map(Node::words).unwrap_or_default();
    words.into_iter().map(move |word| {
        let path = file.path.parent().unwrap_or(&file.path).join(word);
        let path = normal(&path);
        files.iter().find(|other| other.path == path)
    })
}

/// A relative path without `.` and `..`.
fn normal(path: &std::path::Path) -> std::path::PathBuf {
    use std::path::{Component, PathBuf};
    path.components().fold(PathBuf::new(), |mut whole, component| {
        match component {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            other => whole.push(other),
        }
        whole
    })
}

impl Service<'_> {
    fn text(&self, key: &str) -> &str {
        self.node.at([key]).and_then(Node::text).unwrap_or_default()
    }

    fn words(&self, key: &str) -> Vec<&str> {
        self.node.at([key]).map(Node::words).unwrap_or_default()
    }

    fn image(&self) -> &str {
        self.text("image")
    }

    /// Whether it goes on: not a command that is run once.
    fn goes_on(&self) -> bool {
        self.node.at(["restart"]).and_then(Node::text) != Some("no")
    }

    fn migrates(&self) -> bool {
        self.node.at(["command"]).is_some_and(|command| command.words().starts_with(&["migrate"]))
    }

    /// Whether it is a Mainstay service that serves.
    fn serves(&self) -> bool {
        self.settings.are_ours() && !self.migrates() && self.goes_on()
    }

    fn is_store(&self) -> bool {
        image::is_store(self.image())
    }

    fn unread_env_file(&self, word: &str, files: &[File]) -> Option<String> {
        let unread = env_files(self.file, self.node, files).any(|file| file.is_none());
        unread.then(|| format!("the service `{}` names an {word} that is not here", self.name))
    }

    fn networks(&self) -> Vec<&str> {
        match self.node.at(["networks"]) {
            Some(networks) if networks.entries().next().is_some() => {
                networks.entries().map(|(name, _)| name).collect()
            }
            Some(networks) => networks.words(),
            None => vec!["default"],
        }
    }

    /// Where a key stands, or where the service begins.
    fn place(&self, path: &[&str]) -> mainstay_core::settings::Place {
        match self.node.at(path.iter().copied()) {
            Some(node) => self.file.line(node.line, node.text().unwrap_or_default()),
            None => self.heading(),
        }
    }

    /// The line of the service's name.
    fn heading(&self) -> mainstay_core::settings::Place {
        let wanted = format!("{}:", self.name);
        let lines = self.file.text.lines().enumerate();
        let before =
            lines.take(self.node.line).filter(|(_, line)| line.trim_start().starts_with(&wanted)).last();
        match before {
            Some((index, _)) => self.file.line(index + 1, self.name),
            None => self.file.line(self.node.line, ""),
        }
    }

    fn deployment(&self) -> Deployment {
        let grace = self.node.at(["stop_grace_period"]);
        let limit = match grace {
            Some(grace) => grace.text().and_then(time::span),
            None => Some(DEFAULT_GRACE),
        };
        let replicas = self.node.at(["deploy", "replicas"]).or_else(|| self.node.at(["scale"]));
        Deployment {
            settings: self.settings.clone(),
            place: self.heading(),
            grace: limit.map(|limit| (limit, self.place(&["stop_grace_period"]))),
            instances: replicas.and_then(Node::text).and_then(|text| text.parse().ok()).unwrap_or(1),
        }
    }

    fn judge(&self, all: &[Service<'_>], problems: &mut Vec<Problem>) {
        self.judge_image(problems);
        self.judge_rights(problems);
        self.judge_secrets(problems);
        self.judge_ports(all, problems);
        self.judge_dependencies(all, problems);
        let mut missing = |path: &[&str], rule: &rules::Rule| {
            if self.node.at(path.iter().copied()).is_none() {
                problems.push(rule.at(self.heading(), format!("{}: {}", self.name, rule.title)));
            }
        };
        missing(&["deploy", "resources", "limits", "memory"], &rules::NO_MEMORY_LIMIT);
        if self.goes_on() {
            missing(&["restart"], &rules::NO_RESTART);
            missing(&["healthcheck"], &rules::NO_HEALTH_CHECK);
            missing(&["logging", "options", "max-size"], &rules::LOG_UNBOUNDED);
        }
        if self.is_store() {
            self.judge_store(problems);
        }
        if self.serves() {
            self.judge_trust(all, problems);
            self.judge_migrations(all, problems);
        }
    }

    fn judge_image(&self, problems: &mut Vec<Problem>) {
        let image = self.image();
        let is_built_here = self.node.at(["build"]).is_some();
        if !image.is_empty() && !is_built_here && !image::is_unknown(image) && !image::is_pinned(image) {
            let message = format!("the image `{image}` is not pinned");
            problems.push(rules::UNPINNED_IMAGE.at(self.place(&["image"]), message));
        }
    }

    fn judge_rights(&self, problems: &mut Vec<Problem>) {
        let user = self.text("user").split(':').next().unwrap_or_default();
        if matches!(user, "root" | "0") {
            problems.push(rules::ROOT_USER.found(self.place(&["user"])));
        }
        let is_privileged = self.node.at(["privileged"]).is_some_and(Node::is_true);
        let keeps_gains =
            !self.words("security_opt").iter().any(|word| word.starts_with("no-new-privileges"));
        // Official images of stores change their user at start, which takes capabilities.
        let keeps_rights =
            !self.is_store() && !self.words("cap_drop").iter().any(|word| word.eq_ignore_ascii_case("all"));
        if is_privileged || keeps_gains || keeps_rights {
            let place = if is_privileged { self.place(&["privileged"]) } else { self.heading() };
            problems
                .push(rules::NOT_CONFINED.at(place, format!("{}: {}", self.name, rules::NOT_CONFINED.title)));
        }
        if !self.is_store() && !self.node.at(["read_only"]).is_some_and(Node::is_true) {
            let message = format!("{}: {}", self.name, rules::WRITABLE_ROOT.title);
            problems.push(rules::WRITABLE_ROOT.at(self.place(&["read_only"]), message));
        }
        let shares = ["network_mode", "pid", "ipc"].into_iter().find(|key| self.text(key) == "host");
        let volumes = self.node.at(["volumes"]).into_iter().flat_map(Node::items);
        let socket = volumes.into_iter().find(|volume| {
            let source = volume.at(["source"]).and_then(Node::text).or(volume.text()).unwrap_or_default();
            is_runtime_socket(source)
        });
        if let Some(key) = shares {
            problems.push(rules::HOST_NAMESPACE.found(self.place(&[key])));
        }
        if let Some(volume) = socket {
            problems.push(rules::HOST_NAMESPACE.found(self.file.line(volume.line, "")));
        }
    }

    fn judge_secrets(&self, problems: &mut Vec<Problem>) {
        for (name, value, place) in self.settings.pairs() {
            if secrets::is_secret(name, value) {
                let mut place = place.clone();
                place.excerpt = self.file.secret_line(1, name).excerpt;
                problems.push(rules::SECRET_IN_CLEAR.at(place, format!("{name} has a value in the file")));
            }
        }
    }

    fn judge_ports(&self, all: &[Service<'_>], problems: &mut Vec<Problem>) {
        let has_proxy = all.iter().any(|other| image::is_proxy(other.image()));
        for port in self.node.at(["ports"]).into_iter().flat_map(Node::items) {
            let host = port.at(["host_ip"]).and_then(Node::text);
            let is_local = host.or(port.text()).is_some_and(|text| {
                text.starts_with("127.") || text.starts_with("[::1]") || text.starts_with("localhost")
            });
            if is_local {
                continue;
            }
            let rule = if self.is_store() {
                &rules::STORE_EXPOSED
            } else if self.serves() && has_proxy {
                &rules::BYPASSES_PROXY
            } else {
                continue;
            };
            let place = self.file.line(port.line, port.text().unwrap_or_default());
            problems.push(rule.at(place, format!("{}: {}", self.name, rule.title)));
        }
    }

    fn judge_dependencies(&self, all: &[Service<'_>], problems: &mut Vec<Problem>) {
        let Some(depends) = self.node.at(["depends_on"]) else {
            return;
        };
        let mut early = |name: &str, line: usize| {
            let message = format!("{} starts before {name} is ready", self.name);
            problems.push(rules::STARTS_TOO_EARLY.at(self.file.line(line, name), message));
        };
        for item in depends.items() {
            early(item.text().unwrap_or_default(), item.line);
        }
        for (name, node) in depends.entries() {
            let condition = node.at(["condition"]).and_then(Node::text).unwrap_or("service_started");
            let other = all.iter().find(|other| other.name == name);
            let wanted = if other.is_some_and(|other| !other.goes_on()) {
                "service_completed_successfully"
            } else {
                "service_healthy"
            };
            if condition != wanted {
                early(name, node.line);
            }
        }
    }

    fn judge_store(&self, problems: &mut Vec<Problem>) {
        let open = self
            .networks()
            .into_iter()
            .find(|name| !self.whole.at(["networks", name, "internal"]).is_some_and(Node::is_true));
        if let Some(network) = open {
            let message = format!("{}: the network `{network}` reaches outside", self.name);
            problems.push(rules::STORE_NETWORK_OPEN.at(self.heading(), message));
        }
        let keeps = self.node.at(["volumes"]).is_some();
        // Redis holds counters here: what is gone with it is only forgotten.
        if !keeps && !self.image().contains("redis") && !self.image().contains("valkey") {
            problems.push(
                rules::DATA_NOT_KEPT
                    .at(self.heading(), format!("{}: {}", self.name, rules::DATA_NOT_KEPT.title)),
            );
        }
    }

    /// That the networks it trusts are those of the proxy, and no others.
    fn judge_trust(&self, all: &[Service<'_>], problems: &mut Vec<Problem>) {
        let Some(proxy) = all.iter().find(|other| image::is_proxy(other.image())) else { return };
        let Some(trusted) = self.settings.trusted_proxies() else { return };
        let place = self.settings.place("TRUSTED_PROXIES").cloned().unwrap_or_else(|| self.heading());
        let shared: Vec<_> =
            self.networks().into_iter().filter(|name| proxy.networks().contains(name)).collect();
        let subnets: Vec<ipnet::IpNet> = shared
            .iter()
            .filter_map(|name| self.whole.at(["networks", name, "ipam", "config"]))
            .flat_map(Node::items)
            .filter_map(|config| config.at(["subnet"]).and_then(Node::text)?.parse().ok())
            .collect();
        if trusted.is_empty() {
            problems.push(rules::PROXY_NOT_TRUSTED.found(place));
            return;
        }
        if subnets.is_empty() {
            // Docker picks the network then, another one at each machine.
            let message =
                format!("the network that {} and {} share has no fixed subnet", self.name, proxy.name);
            problems.push(rules::PROXY_NOT_TRUSTED.at(place, message));
            return;
        }
        for subnet in &subnets {
            if !trusted.iter().any(|network| network.contains(subnet)) {
                let message = format!("the network of {}, {subnet}, is not in TRUSTED_PROXIES", proxy.name);
                problems.push(rules::PROXY_NOT_TRUSTED.at(place.clone(), message));
            }
        }
        for network in &trusted {
            if !subnets.iter().any(|subnet| subnet.contains(network)) {
                let message = format!("{network} is trusted, and the proxy is in {}", words(&subnets));
                problems.push(rules::TRUST_TOO_WIDE.at(place.clone(), message));
            }
        }
    }

    fn judge_migrations(&self, all: &[Service<'_>], problems: &mut Vec<Problem>) {
        let at_start = match self.settings.text("MIGRATE_ON_START") {
            Some(text) => matches!(text, "yes" | "true" | "1"),
            None => !self.settings.environment().is_strict(),
        };
        let elsewhere = all.iter().find(|other| other.migrates());
        let waits =
            elsewhere.is_some_and(|other| self.node.at(["depends_on", other.name, "condition"]).is_some());
        match (at_start, elsewhere) {
            (false, None) => problems.push(rules::MIGRATIONS_NOWHERE.found(self.heading())),
            (true, Some(_)) => {
                let place = self.settings.place("MIGRATE_ON_START").cloned();
                problems.push(rules::MIGRATIONS_TWICE.found(place.unwrap_or_else(|| self.heading())));
            }
            (false, Some(other)) if !waits => {
                let message = format!("{} does not wait for {}", self.name, other.name);
                problems.push(rules::STARTS_TOO_EARLY.at(self.heading(), message));
            }
            _ => {}
        }
    }
}

fn words(networks: &[ipnet::IpNet]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
