//! Kubernetes manifests.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_core::settings::{Place, Problem};

use super::{Deployment, image, is_runtime_socket, secrets};
use crate::audit::discover::Found;
use crate::audit::files::{File, env};
use crate::audit::rules;
use crate::audit::settings::Settings;
use crate::audit::yaml::Node;

/// How long Kubernetes waits when a manifest says nothing.
const DEFAULT_GRACE: Duration = Duration::from_secs(30);

/// A workload with its pods.
struct Workload<'a> {
    file: &'a File,
    node: &'a Node,
    pod: &'a Node,
}

pub(super) fn judge(found: &mut Found, problems: &mut Vec<Problem>, deployments: &mut Vec<Deployment>) {
    let maps = config_maps(found);
    let kinds: Vec<&str> = found.manifests.iter().filter_map(|(_, node)| kind(node)).collect();
    let pins = pinned_by_kustomize(found);
    for (file, node) in &found.manifests {
        let Some(pod) = node.at(["spec", "template", "spec"]) else { continue };
        let workload = Workload { file, node, pod };
        workload.judge_pod(problems);
        for container in workload.containers() {
            let settings = settings_of(file, container, &maps);
            workload.judge_container(container, &pins, problems);
            if settings.are_ours() && kind(node) == Some("Deployment") {
                workload.judge_serving(container, &kinds, problems);
                deployments.push(workload.deployment(settings));
            }
        }
        for container in pod.at(["initContainers"]).into_iter().flat_map(Node::items) {
            workload.judge_container(container, &pins, problems);
        }
    }
}

fn kind(node: &Node) -> Option<&str> {
    node.at(["kind"]).and_then(Node::text)
}

/// What maps of settings hold: those of manifests, and those that kustomize makes of files.
fn config_maps(found: &Found) -> BTreeMap<String, Settings> {
    let mut maps = BTreeMap::new();
    for (file, node) in &found.manifests {
        if let (Some("ConfigMap"), Some(name)) =
            (kind(node), node.at(["metadata", "name"]).and_then(Node::text))
        {
            let map: &mut Settings = maps.entry(name.to_owned()).or_default();
            for (key, value) in node.at(["data"]).into_iter().flat_map(Node::entries) {
                map.give(key, value.text(), file.line(value.line, value.text().unwrap_or(key)));
            }
        }
        for generator in node.at(["configMapGenerator"]).into_iter().flat_map(Node::items) {
            let Some(name) = generator.at(["name"]).and_then(Node::text) else { continue };
            let map: &mut Settings = maps.entry(name.to_owned()).or_default();
            for path in generator.at(["envs"]).map(Node::words).unwrap_or_default() {
                let path = file.path.parent().unwrap_or(&file.path).join(path);
                let Some(given) = found.settings.iter().find(|other| other.path == path) else { continue };
                for pair in env::pairs(given) {
                    map.give(&pair.name, Some(&pair.value), given.line(pair.line, &pair.value));
                }
            }
        }
    }
    maps
}

/// The images that kustomize gives a tag or digest.
fn pinned_by_kustomize(found: &Found) -> Vec<String> {
    let images = found.manifests.iter().filter_map(|(_, node)| node.at(["images"])).flat_map(Node::items);
    images
        .filter(|image| {
            let tag = image.at(["newTag"]).and_then(Node::text).unwrap_or_default();
            image.at(["digest"]).is_some() || image::is_pinned(&format!("image:{tag}"))
        })
        .filter_map(|image| image.at(["name"]).and_then(Node::text).map(str::to_owned))
        .collect()
}

fn settings_of(file: &File, container: &Node, maps: &BTreeMap<String, Settings>) -> Settings {
    let mut settings = Settings::default();
    for item in container.at(["env"]).into_iter().flat_map(Node::items) {
        let Some(name) = item.at(["name"]).and_then(Node::text) else { continue };
        let value = item.at(["value"]).and_then(Node::text);
        settings.give(name, value, file.line(item.line, value.unwrap_or(name)));
    }
    for item in container.at(["envFrom"]).into_iter().flat_map(Node::items) {
        let Some(name) = item.at(["configMapRef", "name"]).and_then(Node::text) else { continue };
        if let Some(map) = maps.get(name) {
            settings.give_weaker(map);
        }
    }
    settings
}

impl Workload<'_> {
    fn containers(&self) -> impl Iterator<Item = &Node> {
        self.pod.at(["containers"]).into_iter().flat_map(Node::items)
    }

    fn place(&self, node: Option<&Node>) -> Place {
        match node {
            Some(node) => self.file.line(node.line, node.text().unwrap_or_default()),
            None => self.file.line(self.pod.line, ""),
        }
    }

    fn deployment(&self, settings: Settings) -> Deployment {
        let grace = self.pod.at(["terminationGracePeriodSeconds"]);
        let seconds = grace.and_then(Node::text).and_then(|text| text.parse().ok());
        let limit = seconds.map_or(DEFAULT_GRACE, Duration::from_secs);
        let replicas = self.node.at(["spec", "replicas"]).and_then(Node::text);
        Deployment {
            settings,
            place: self.place(None),
            grace: Some((limit, self.place(grace))),
            instances: replicas.and_then(|text| text.parse().ok()).unwrap_or(1),
        }
    }

    fn judge_pod(&self, problems: &mut Vec<Problem>) {
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            if let Some(node) = self.pod.at([key]).filter(|node| node.is_true()) {
                problems.push(rules::HOST_NAMESPACE.found(self.place(Some(node))));
            }
        }
        for volume in self.pod.at(["volumes"]).into_iter().flat_map(Node::items) {
            if volume.at(["hostPath", "path"]).and_then(Node::text).is_some_and(is_runtime_socket) {
                problems.push(rules::HOST_NAMESPACE.found(self.place(Some(volume))));
            }
        }
    }

    fn judge_container(&self, container: &Node, pins: &[String], problems: &mut Vec<Problem>) {
        let name = container.at(["image"]).and_then(Node::text).unwrap_or_default();
        let is_pinned =
            image::is_pinned(name) || pins.iter().any(|pin| pin == name) || image::is_unknown(name);
        if !is_pinned {
            let message = format!("the image `{name}` is not pinned");
            problems.push(rules::UNPINNED_IMAGE.at(self.place(container.at(["image"])), message));
        }
        let own = |key: &'static str| container.at(["securityContext", key]);
        let either = |key: &'static str| own(key).or_else(|| self.pod.at(["securityContext", key]));
        let user = either("runAsUser").and_then(Node::text);
        if !either("runAsNonRoot").is_some_and(Node::is_true) || user == Some("0") {
            problems.push(rules::ROOT_USER.found(self.place(either("runAsUser").or(Some(container)))));
        }
        let gains = own("allowPrivilegeEscalation").is_none_or(Node::is_true);
        let privileged = own("privileged").is_some_and(Node::is_true);
        let drops =
            container.at(["securityContext", "capabilities", "drop"]).map(Node::words).unwrap_or_default();
        if gains || privileged || !drops.iter().any(|word| word.eq_ignore_ascii_case("all")) {
            problems.push(rules::NOT_CONFINED.found(self.place(own("privileged").or(Some(container)))));
        }
        if !own("readOnlyRootFilesystem").is_some_and(Node::is_true) {
            problems.push(rules::WRITABLE_ROOT.found(self.place(Some(container))));
        }
        if container.at(["resources", "limits", "memory"]).is_none() {
            problems.push(rules::NO_MEMORY_LIMIT.found(self.place(Some(container))));
        }
        for item in container.at(["env"]).into_iter().flat_map(Node::items) {
            let name = item.at(["name"]).and_then(Node::text).unwrap_or_default();
            let value = item.at(["value"]).and_then(Node::text).unwrap_or_default();
            if secrets::is_secret(name, value) {
                let message = format!("{name} has a value in the manifest");
                problems.push(rules::SECRET_IN_CLEAR.at(self.file.secret_line(item.line, name), message));
            }
        }
    }

    /// What only what serves must have.
    fn judge_serving(&self, container: &Node, kinds: &[&str], problems: &mut Vec<Problem>) {
        let probes = ["readinessProbe", "livenessProbe"].map(|key| container.at([key]));
        if probes.iter().any(Option::is_none) {
            problems.push(rules::NO_PROBES.found(self.place(Some(container))));
        }
        let alive = container.at(["livenessProbe", "httpGet", "path"]);
        if alive.and_then(Node::text).is_some_and(|path| path != "/health/live") {
            problems.push(rules::LIVENESS_ON_STORES.found(self.place(alive)));
        }
        if !kinds.contains(&"PodDisruptionBudget") {
            problems.push(rules::NO_DISRUPTION_BUDGET.found(self.place(None)));
        }
        if !kinds.contains(&"NetworkPolicy") {
            problems.push(rules::NO_NETWORK_POLICY.found(self.place(None)));
        }
        let strategy = self.node.at(["spec", "strategy"]);
        let unavailable = strategy.and_then(|strategy| strategy.at(["rollingUpdate", "maxUnavailable"]));
        let recreates = strategy.and_then(|one| one.at(["type"])).and_then(Node::text) == Some("Recreate");
        if recreates
            || unavailable.and_then(Node::text).is_some_and(|text| text.starts_with("100") || text == "1")
        {
            problems.push(rules::ROLLOUT_DROPS.found(self.place(unavailable.or(strategy))));
        }
    }
}
