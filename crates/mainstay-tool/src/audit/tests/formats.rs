//! Bad input: what is no file of a deployment, or a broken one.

use std::fs;

use super::codes;
use crate::audit::audit;
use crate::audit::yaml::Node;

#[test]
fn what_is_not_understood_is_said_to_be_not_judged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).expect("written");
    write("chart.yaml", b"kind: {{ .Values.kind }}\napiVersion: v1\n");
    write("nginx.conf", b"http { server { listen 80; ");
    write("compose.yaml", b"services: [\xff\xfe]");
    write("deep.yaml", "[".repeat(100_000).as_bytes());
    write("bomb.yaml", b"a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n");
    write("redis.conf", b"maxmemory 128mb\nsave \"\"\n");
    write("empty.yaml", b"");
    write("Dockerfile", b"RUN \\\n\\\n");

    let audit = audit(folder.path()).expect("readable");

    let passed_over: Vec<_> =
        audit.not_judged.iter().map(|one| one.path.to_string_lossy().into_owned()).collect();
    for name in ["chart.yaml", "nginx.conf", "compose.yaml", "deep.yaml"] {
        assert!(passed_over.iter().any(|path| path == name), "{name}: {:?}", audit.not_judged);
    }
    assert!(!passed_over.iter().any(|path| path == "redis.conf"), "{passed_over:?}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    assert!(audit(std::path::Path::new("/nonexistent/folder")).is_err());
}

#[test]
fn a_merged_map_has_what_it_merges() {
    let text = "base: &base\n  image: app:1.2.3\n  user: one\nservice:\n  <<: *base\n  user: two\n";
    let document = Node::read(text).expect("understood").remove(0);

    let service = document.at(["service"]).expect("a service");

    assert_eq!(service.at(["image"]).and_then(Node::text), Some("app:1.2.3"));
    assert_eq!(service.at(["user"]).and_then(Node::text), Some("two"));
    assert_eq!(document.at(["service", "user"]).map(|node| node.line), Some(6));
}

#[test]
fn a_value_that_only_the_machine_knows_is_not_guessed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "services:\n  app:\n    image: ${IMAGE}\n    environment:\n      ENVIRONMENT: production\n      ALLOWED_HOSTS: ${HOSTS}\n      SECRET_KEY: ${SECRET_KEY}\n";
    fs::write(folder.path().join("compose.yaml"), text).expect("written");

    let audit = audit(folder.path()).expect("readable");

    let found = codes(&audit);
    assert!(
        !found.contains(&"MS1002") && !found.contains(&"MS1004") && !found.contains(&"MS0109"),
        "{found:?}"
    );
}
