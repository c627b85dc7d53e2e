//! Mistakes as people make them, each planted alone.

use std::collections::BTreeSet;
use std::fs;

use super::{codes, copy};
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
    mistake(DOCKERFILE, "USER 1000:1000\n", "", "MS0801"),
    mistake(DOCKERFILE, "USER 1000:1000", "USER root", "MS0801"),
    mistake(DOCKERFILE, "debian:12.12-slim", "debian:bookworm-slim", "MS0802"),
    mistake(DOCKERFILE, "rust:1.95.0-slim-bookworm", "rust", "MS0802"),
    mistake(
        DOCKERFILE,
        "HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD [\"/usr/local/bin/concord\", \"health\"]\n",
        "",
        "MS0803",
    ),
    mistake(
        DOCKERFILE,
        "ENV ENVIRONMENT=production",
        "ENV SECRET_KEY=0123456789abcdef ENVIRONMENT=production",
        "MS0804",
    ),
    mistake(".dockerignore", "*\n", "", "MS0805"),
    mistake(
        DOCKERFILE,
        "ENTRYPOINT [\"/usr/local/bin/concord\"]",
        "ENTRYPOINT /usr/local/bin/concord",
        "MS0806",
    ),
    mistake(DOCKERFILE, "COPY . .", "COPY . .\nADD https://example.org/tool.tar.gz /opt/", "MS0807"),
    mistake(DOCKERFILE, "FROM ${BASE_IMAGE} AS slim", "FROM ${RUST_IMAGE} AS slim", "MS0808"),
    // Compose.
    mistake(COMPOSE, "postgres:15.14-bookworm", "postgres:latest", "MS0802"),
    mistake(COMPOSE, "stop_grace_period: 45s", "stop_grace_period: 20s", "MS0810"),
    mistake(COMPOSE, "    stop_grace_period: 45s\n", "", "MS0810"),
    mistake(COMPOSE, "SHUTDOWN_TIMEOUT: 30s", "SHUTDOWN_TIMEOUT: 50s", "MS0810"),
    mistake(COMPOSE, "\n  cap_drop: [ALL]\n", "\n", "MS0811"),
    mistake(COMPOSE, "    user: \"999:999\"\n", "    user: \"999:999\"\n    privileged: true\n", "MS0811"),
    mistake(COMPOSE, "  user: \"1000:1000\"", "  user: root", "MS0801"),
    mistake(COMPOSE, "  read_only: true\n  tmpfs", "  tmpfs", "MS0812"),
    mistake(COMPOSE, "    shm_size: 128m\n", "    ports: [\"5432:5432\"]\n", "MS0813"),
    mistake(COMPOSE, "    expose: [\"8080\"]\n", "    ports: [\"8080:8080\"]\n", "MS0814"),
    mistake(COMPOSE, "    restart: unless-stopped\n    # Above SHUTDOWN_TIMEOUT", "    # Above", "MS0815"),
    mistake(COMPOSE, "limits: {cpus: \"2.0\", memory: 512M, pids: 512}", "limits: {cpus: \"2.0\"}", "MS0816"),
    mistake(COMPOSE, "redis: {condition: service_healthy}", "redis: {condition: service_started}", "MS0817"),
    mistake(COMPOSE, "command: [migrate, up]", "command: [check]", "MS0818"),
    mistake(COMPOSE, "MIGRATE_ON_START: \"no\"", "MIGRATE_ON_START: \"yes\"", "MS0819"),
    mistake(COMPOSE, "    TRUSTED_PROXIES: 172.30.1.0/24\n", "", "MS0820"),
    mistake(COMPOSE, "subnet: 172.30.1.0/24", "subnet: 172.31.1.0/24", "MS0820"),
    mistake(COMPOSE, "TRUSTED_PROXIES: 172.30.1.0/24", "TRUSTED_PROXIES: 172.16.0.0/12", "MS0821"),
    mistake(
        COMPOSE,
        "volumes: [\"concord-data:/data\"]",
        "volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]",
        "MS0822",
    ),
    mistake(COMPOSE, "    expose: [\"8080\"]\n", "    network_mode: host\n", "MS0822"),
    mistake(COMPOSE, "  options: {max-size: 10m, max-file: \"5\"}\n", "", "MS0823"),
    mistake(COMPOSE, "  data: {internal: true}", "  data: {}", "MS0824"),
    mistake(COMPOSE, "    volumes: [\"postgres-data:/var/lib/postgresql/data\"]\n", "", "MS0825"),
    mistake(
        COMPOSE,
        "SECRET_KEY_FILE: /run/secrets/secret_key",
        "SECRET_KEY: 5f1c9e07b2d84a6c93e1f0a7b8d2c4e6",
        "MS0804",
    ),
    // The proxy.
    mistake("deploy/nginx/nginx.conf", "server_tokens off;", "", "MS0830"),
    mistake(PROXY, "X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", "MS0831"),
    mistake(PROXY, "proxy_set_header X-Forwarded-For $remote_addr;\n", "", "MS0832"),
    mistake(PROXY, "proxy_set_header Forwarded \"\";\n", "", "MS0832"),
    mistake(NGINX, "    client_max_body_size 11m;\n", "", "MS0833"),
    mistake(NGINX, "client_max_body_size 11m", "client_max_body_size 0", "MS0833"),
    mistake(NGINX, "    proxy_read_timeout 65s;\n", "", "MS0834"),
    mistake(NGINX, "    keepalive_timeout 60s;", "    keepalive_timeout 120s;", "MS0835"),
    mistake(NGINX, "ssl_protocols TLSv1.2 TLSv1.3", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3", "MS0836"),
    mistake(
        NGINX,
        "    add_header Strict-Transport-Security $concord_hsts always;\n\n",
        "    add_header Content-Security-Policy \"default-src 'self'\" always;\n\n",
        "MS0837",
    ),
    mistake(NGINX, "location = /metrics {", "location = /metric {", "MS0838"),
    mistake(NGINX, "listen 8443 ssl http2 default_server", "listen 8443 default_server", "MS0839"),
    mistake(
        PROXY,
        "proxy_next_upstream error timeout;",
        "proxy_next_upstream error timeout non_idempotent;",
        "MS0840",
    ),
    mistake(NGINX, "proxy_buffering off;", "proxy_buffering on;", "MS0841"),
    // systemd.
    mistake(UNIT, "DynamicUser=yes\n", "", "MS0801"),
    mistake(UNIT, "NoNewPrivileges=yes", "NoNewPrivileges=no", "MS0850"),
    mistake(UNIT, "ProtectSystem=strict\n", "", "MS0850"),
    mistake(UNIT, "Type=notify", "Type=simple", "MS0851"),
    mistake(UNIT, "WatchdogSec=30s\n", "", "MS0851"),
    mistake(UNIT, "Restart=on-failure\n", "", "MS0815"),
    mistake(UNIT, "TimeoutStopSec=45s", "TimeoutStopSec=10s", "MS0810"),
    mistake(UNIT, "LimitNOFILE=65536", "LimitNOFILE=4096", "MS0852"),
    mistake(UNIT, "RestartPreventExitStatus=2\n", "", "MS0853"),
    mistake(UNIT, "SECRET_KEY_FILE=%d/secret_key", "SECRET_KEY=5f1c9e07b2d84a6c93e1f0a7b8d2c4e6", "MS0804"),
    // Kubernetes.
    mistake(POD, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 15", "MS0810"),
    mistake(POD, "      terminationGracePeriodSeconds: 45\n", "", "MS0810"),
    mistake(POD, "runAsNonRoot: true", "runAsNonRoot: false", "MS0801"),
    mistake(POD, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "MS0811"),
    mistake(POD, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "MS0812"),
    mistake(POD, "limits: {memory: 512Mi}", "limits: {}", "MS0816"),
    mistake(POD, "          readinessProbe:\n", "          x-readinessProbe:\n", "MS0860"),
    mistake(
        POD,
        "            httpGet: {path: /health/live, port: management}\n            periodSeconds: 10",
        "            httpGet: {path: /health, port: management}\n            periodSeconds: 10",
        "MS0861",
    ),
    mistake(
        "deploy/kubernetes/pod-disruption-budget.yaml",
        "kind: PodDisruptionBudget",
        "kind: Other",
        "MS0862",
    ),
    mistake("deploy/kubernetes/network-policy.yaml", "kind: NetworkPolicy", "kind: Other", "MS0863"),
    mistake(
        POD,
        "rollingUpdate: {maxUnavailable: 0, maxSurge: 1}",
        "rollingUpdate: {maxUnavailable: 1}",
        "MS0864",
    ),
    mistake("deploy/kubernetes/kustomization.yaml", "newTag: 0.1.0", "newTag: latest", "MS0802"),
    mistake("deploy/kubernetes/settings.env", "RATE_LIMIT_STORE=redis\n", "", "MS0826"),
    mistake("deploy/kubernetes/settings.env", "SHUTDOWN_TIMEOUT=30s", "SHUTDOWN_TIMEOUT=45s", "MS0810"),
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
