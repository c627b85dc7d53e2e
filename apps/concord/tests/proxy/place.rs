//! The configuration of `deploy/nginx`, moved into a temporary folder.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use concord::service::Concord;
use mainstay_testkit::TestService;
use mainstay_testkit::servers::{Nginx, NginxPlace};

/// The settings of an instance behind the proxy.
pub(crate) const BEHIND_PROXY: &[(&str, &str)] = &[
    ("PUBLIC_URL", "https://app.example.org"),
    ("ALLOWED_HOSTS", "app.example.org,localhost"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
];

/// Starts an instance behind the proxy.
pub(crate) async fn instance() -> TestService<Concord> {
    TestService::start(Concord, BEHIND_PROXY).await
}

/// Starts nginx in front of these.
pub(crate) fn nginx(instances: &[SocketAddr]) -> Nginx {
    Nginx::start(|place| {
        ["nginx.conf", "concord.conf", "concord-proxy.conf"]
            .map(|name| (name.to_owned(), adapted(name, place, instances)))
            .to_vec()
    })
}

/// A file of ours with paths, ports and instances of this test, and nothing else changed.
fn adapted(name: &str, place: NginxPlace<'_>, instances: &[SocketAddr]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nginx");
    let text = fs::read_to_string(folder.join(name)).expect("a file of the deployment");
    let here = place.folder.display().to_string();
    let servers: Vec<_> =
        instances.iter().map(|one| format!("server {one} max_fails=2 fail_timeout=5s;")).collect();
    let changes = [
        // First: the folder itself is in the temporary folder.
        ("/tmp/", format!("{here}/")),
        ("/etc/nginx/concord", format!("{here}/concord")),
        ("/etc/nginx/tls/tls.crt", place.certificate.display().to_string()),
        ("/etc/nginx/tls/tls.key", place.key.display().to_string()),
        ("server concord:8080 max_fails=2 fail_timeout=5s;", servers.join("\n")),
        ("listen 8080 default_server;", format!("listen 127.0.0.1:{} default_server;", place.plain)),
        (
            "listen 8443 ssl http2 default_server;",
            format!("listen 127.0.0.1:{} ssl http2 default_server;", place.tls),
        ),
        // Two workers are enough to see that a reload takes none of their requests along.
        ("worker_processes auto;", "worker_processes 2;".to_owned()),
    ];
    let text = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("listen [::]"));
    lines.collect::<Vec<_>>().join("\n")
}
