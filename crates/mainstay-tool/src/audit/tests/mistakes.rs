//! Mistakes as people make them, each planted alone.

use std::collections::BTreeSet;
use std::fs;

use super::{codes, copy, repository};
use crate::audit::{RULES, audit};

/// A change of one of our files, and the code that must find it.
struct Mistake {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
}

const DOCKERFILE: &str = "deploy/image/Dockerfile";
const COMPOSE: &str = "deploy/compose/compose.yaml";
const NGINX: &str = "deploy/nginx/concord.conf";
const PROXY: &str = "deploy/nginx/concord-proxy.conf";
const UNIT: &str = "deploy/systemd/concord.service";
const POD: &str = "deploy/kubernetes/deployment.yaml";

const fn mistake(file: &'static str, from: &'static str, to: &'static str, code: &'static str) -> Mistake {
    Mistake { file, from, to, code }
}

const MISTAKES: &[Mistake] = &[
    // The image.
    mistake(DOCKERFILE, "USER 1000:1000\n", "", "MS1001"),
    mistake(DOCKERFILE, "USER 1000:1000", "USER root", "MS1001"),
    mistake(DOCKERFILE, "debian:12.12-slim", "debian:bookworm-slim", "MS1002"),
    mistake(DOCKERFILE, "rust:1.95.0-slim-bookworm", "rust", "MS1002"),
    mistake(
        DOCKERFILE,
        "HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD [\"/usr/local/bin/concord\", \"health\"]\n",
        "",
        "MS1003",
    ),
    mistake(
        DOCKERFILE,
        "ENV ENVIRONMENT=production",
        "ENV SECRET_KEY=0123456789abcdef ENVIRONMENT=production",
        "MS1004",
    ),
    mistake(".dockerignore", "*\n", "", "MS1005"),
    mistake(
        DOCKERFILE,
        "ENTRYPOINT [\"/usr/local/bin/concord\"]",
        "ENTRYPOINT /usr/local/bin/concord",
        "MS1006",
    ),
    mistake(DOCKERFILE, "COPY . .", "COPY . .\nADD https://example.org/tool.tar.gz /opt/", "MS1007"),
    mistake(DOCKERFILE, "FROM ${BASE_IMAGE} AS slim", "FROM ${RUST_IMAGE} AS slim", "MS1008"),
    // Compose.
    mistake(COMPOSE, "postgres:15.14-bookworm", "postgres:latest", "MS1002"),
    mistake(COMPOSE, "stop_grace_period: 45s", "stop_grace_period: 20s", "MS1010"),
    mistake(COMPOSE, "    stop_grace_period: 45s\n", "", "MS1010"),
    mistake(COMPOSE, "SHUTDOWN_TIMEOUT: 30s", "SHUTDOWN_TIMEOUT: 50s", "MS1010"),
    mistake(COMPOSE, "\n  cap_drop: [ALL]\n", "\n", "MS1011"),
    mistake(COMPOSE, "    user: \"999:999\"\n", "    user: \"999:999\"\n    privileged: true\n", "MS1011"),
    mistake(COMPOSE, "  user: \"1000:1000\"", "  user: root", "MS1001"),
    mistake(COMPOSE, "  read_only: true\n  tmpfs", "  tmpfs", "MS1012"),
    mistake(COMPOSE, "    shm_size: 128m\n", "    ports: [\"5432:5432\"]\n", "MS1013"),
    mistake(COMPOSE, "    expose: [\"8080\"]\n", "    ports: [\"8080:8080\"]\n", "MS1014"),
    mistake(COMPOSE, "    restart: unless-stopped\n    # Above SHUTDOWN_TIMEOUT", "    # Above", "MS1015"),
    mistake(COMPOSE, "limits: {cpus: \"2.0\", memory: 512M, pids: 512}", "limits: {cpus: \"2.0\"}", "MS1016"),
    mistake(COMPOSE, "redis: {condition: service_healthy}", "redis: {condition: service_started}", "MS1017"),
    mistake(COMPOSE, "command: [migrate, up]", "command: [check]", "MS1018"),
    mistake(COMPOSE, "MIGRATE_ON_START: \"no\"", "MIGRATE_ON_START: \"yes\"", "MS1019"),
    mistake(COMPOSE, "    TRUSTED_PROXIES: 172.30.1.0/24\n", "", "MS1020"),
    mistake(COMPOSE, "subnet: 172.30.1.0/24", "subnet: 172.31.1.0/24", "MS1020"),
    mistake(COMPOSE, "TRUSTED_PROXIES: 172.30.1.0/24", "TRUSTED_PROXIES: 172.16.0.0/12", "MS1021"),
    mistake(
        COMPOSE,
        "volumes: [\"concord-data:/data\"]",
        "volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]",
        "MS1022",
    ),
    mistake(COMPOSE, "    expose: [\"8080\"]\n", "    network_mode: host\n", "MS1022"),
    mistake(COMPOSE, "  options: {max-size: 10m, max-file: \"5\"}\n", "", "MS1023"),
    mistake(COMPOSE, "  data: {internal: true}", "  data: {}", "MS1024"),
    mistake(COMPOSE, "    volumes: [\"postgres-data:/var/lib/postgresql/data\"]\n", "", "MS1025"),
    mistake(
        COMPOSE,
        "SECRET_KEY_FILE: /run/secrets/secret_key",
        "SECRET_KEY: 5f1c9e07b2d84a6c93e1f0a7b8d2c4e6",
        "MS1004",
    ),
    // The proxy.
    mistake("deploy/nginx/nginx.conf", "server_tokens off;", "", "MS1030"),
    mistake(PROXY, "X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", "MS1031"),
    mistake(PROXY, "proxy_set_header X-Forwarded-For $remote_addr;\n", "", "MS1032"),
    mistake(PROXY, "proxy_set_header Forwarded \"\";\n", "", "MS1032"),
    mistake(NGINX, "    client_max_body_size 11m;\n", "", "MS1033"),
    mistake(NGINX, "client_max_body_size 11m", "client_max_body_size 0", "MS1033"),
    mistake(NGINX, "    proxy_read_timeout 65s;\n", "", "MS1034"),
    mistake(NGINX, "    keepalive_timeout 60s;", "    keepalive_timeout 120s;", "MS1035"),
    mistake(NGINX, "ssl_protocols TLSv1.2 TLSv1.3", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3", "MS1036"),
    mistake(
        NGINX,
        "    add_header Strict-Transport-Security $concord_hsts always;\n\n",
        "    add_header Content-Security-Policy \"default-src 'self'\" always;\n\n",
        "MS1037",
    ),
    mistake(NGINX, "location = /metrics {", "location = /metric {", "MS1038"),
    mistake(NGINX, "listen 8443 ssl http2 default_server", "listen 8443 default_server", "MS1039"),
    mistake(
        PROXY,
        "proxy_next_upstream error timeout;",
        "proxy_next_upstream error timeout non_idempotent;",
        "MS1040",
    ),
    mistake(NGINX, "proxy_buffering off;", "proxy_buffering on;", "MS1041"),
    // systemd.
    mistake(UNIT, "DynamicUser=yes\n", "", "MS1001"),
    mistake(UNIT, "NoNewPrivileges=yes", "NoNewPrivileges=no", "MS1050"),
    mistake(UNIT, "ProtectSystem=strict\n", "", "MS1050"),
    mistake(UNIT, "Type=notify", "Type=simple", "MS1051"),
    mistake(UNIT, "WatchdogSec=30s\n", "", "MS1051"),
    mistake(UNIT, "Restart=on-failure\n", "", "MS1015"),
    mistake(UNIT, "TimeoutStopSec=45s", "TimeoutStopSec=10s", "MS1010"),
    mistake(UNIT, "LimitNOFILE=65536", "LimitNOFILE=4096", "MS1052"),
    mistake(UNIT, "RestartPreventExitStatus=2\n", "", "MS1053"),
    mistake(UNIT, "SECRET_KEY_FILE=%d/secret_key", "SECRET_KEY=5f1c9e07b2d84a6c93e1f0a7b8d2c4e6", "MS1004"),
    // Kubernetes.
    mistake(POD, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 15", "MS1010"),
    mistake(POD, "      terminationGracePeriodSeconds: 45\n", "", "MS1010"),
    mistake(POD, "runAsNonRoot: true", "runAsNonRoot: false", "MS1001"),
    mistake(POD, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "MS1011"),
    mistake(POD, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "MS1012"),
    mistake(POD, "limits: {memory: 512Mi}", "limits: {}", "MS1016"),
    mistake(POD, "          readinessProbe:\n", "          x-readinessProbe:\n", "MS1060"),
    mistake(
        POD,
        "            httpGet: {path: /health/live, port: management}\n            periodSeconds: 10",
        "            httpGet: {path: /health, port: management}\n            periodSeconds: 10",
        "MS1061",
    ),
    mistake(
        "deploy/kubernetes/pod-disruption-budget.yaml",
        "kind: PodDisruptionBudget",
        "kind: Other",
        "MS1062",
    ),
    mistake("deploy/kubernetes/network-policy.yaml", "kind: NetworkPolicy", "kind: Other", "MS1063"),
    mistake(
        POD,
        "rollingUpdate: {maxUnavailable: 0, maxSurge: 1}",
        "rollingUpdate: {maxUnavailable: 1}",
        "MS1064",
    ),
    mistake("deploy/kubernetes/kustomization.yaml", "newTag: 0.1.0", "newTag: latest", "MS1002"),
    mistake("deploy/kubernetes/settings.env", "RATE_LIMIT_STORE=redis\n", "", "MS1026"),
    mistake("deploy/kubernetes/settings.env", "SHUTDOWN_TIMEOUT=30s", "SHUTDOWN_TIMEOUT=45s", "MS1010"),
];

#[test]
fn every_planted_mistake_is_found() {
    for Mistake { file, from, to, code } in MISTAKES {
        let folder = copy();
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{file} has no {from:?} to plant {code} in");
        fs::write(&path, text.replace(from, to)).expect("written");

        let audit = audit(folder.path()).expect("readable");

        let found = codes(&audit);
        assert!(found.contains(code), "{code} is not found: {file}: {from:?} to {to:?}; {found:?}");
        let problem = audit.problems.iter().find(|problem| problem.code == *code).expect("found");
        assert!(
            problem.place.is_some() && problem.because.is_some() && !problem.help.is_empty(),
            "{problem:?}"
        );
        let shown = format!("{problem:?}");
        assert!(!shown.contains("5f1c9e07"), "a secret is shown: {shown}");
    }
}

#[test]
fn wrong_settings_are_found_where_they_stand() {
    let folder = copy();
    let path = folder.path().join(COMPOSE);
    let text = fs::read_to_string(&path).expect("readable");
    fs::write(&path, text.replace("ALLOWED_HOSTS: app.example.org", "ALLOWED_HOSTS: \"*\""))
        .expect("written");

    let audit = audit(folder.path()).expect("readable");

    let line = text.lines().position(|line| line.contains("ALLOWED_HOSTS")).expect("a line") + 1;
    let found = audit.problems.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>();
    assert!(
        found.iter().any(|one| one.contains("ALLOWED_HOSTS") && one.contains(&format!("line: {line}"))),
        "{found:#?}"
    );
}

#[test]
fn each_rule_has_a_mistake_that_it_finds() {
    let planted: BTreeSet<_> = MISTAKES.iter().map(|mistake| mistake.code).collect();
    let unproven: Vec<_> =
        RULES.iter().map(|rule| rule.code).filter(|code| !planted.contains(code)).collect();
    assert!(unproven.is_empty(), "{unproven:?}");
    let distinct: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(distinct.len(), RULES.len(), "a code is used twice");
}

/// A code means one thing: those of the audit begin where those of the services end. All of theirs, of whatever crate,
/// are in the reference.
#[test]
fn no_code_is_one_of_a_service() {
    let page = fs::read_to_string(repository().join("docs/reference/diagnostics.md")).expect("readable");
    let explained: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## ")?.split_once(':'))
        .map(|(code, _)| code)
        .collect();
    let known: Vec<_> = mainstay::explanations().iter().map(|explanation| explanation.code).collect();
    assert!(known.iter().all(|code| explained.contains(code)), "not all are in the reference: {explained:?}");
    assert!(explained.iter().all(|code| *code < "MS1000"), "{explained:?}");
    assert!(RULES.iter().all(|rule| rule.code > "MS1000"));
}
