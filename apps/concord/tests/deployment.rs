//! `check --deploy` on the settings that are deployed: they pass once their secrets are there, and each that is not is
//! named. And how long a deployment waits for its migrations.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mainstay_core::Clock;
use mainstay_testkit::servers::TestDatabase;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// What `compose.yaml` says of Concord.
#[derive(Deserialize)]
struct Compose {
    #[serde(rename = "x-concord")]
    concord: Service,
    secrets: BTreeMap<String, Source>,
}

#[derive(Deserialize)]
struct Service {
    environment: BTreeMap<String, String>,
    secrets: Vec<String>,
}

#[derive(Deserialize)]
struct Source {
    file: PathBuf,
}

/// Where secrets are in containers.
const MOUNTED: &str = "/run/secrets/";

/// A file under `deploy/`.
fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

/// `check --deploy` with this environment and no other source: how it ended, and what it found.
fn check(environment: &BTreeMap<String, String>) -> (i32, Vec<Value>) {
    let empty = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_concord"))
        .args(["check", "--deploy", "--format", "json"])
        .current_dir(empty.path())
        .env_clear()
        .envs(environment)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    (ran.status.code().unwrap(), report["problems"].as_array().unwrap().clone())
}

/// The codes with the settings that they are about.
fn named(problems: &[Value]) -> Vec<(&str, &str)> {
    problems
        .iter()
        .map(|problem| {
            (problem["code"].as_str().unwrap(), problem["place"]["setting"].as_str().unwrap_or(""))
        })
        .collect()
}

/// The environment of the service in Compose, with the secrets that `secrets.sh` makes, in a folder of the test.
struct Deployment {
    folder: TempDir,
    compose: Compose,
}

impl Deployment {
    fn compose() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(deployed("compose/secrets.sh"), folder.path().join("secrets.sh")).unwrap();
        let made =
            Command::new("sh").arg(folder.path().join("secrets.sh")).arg("app.example.org").output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = fs::read_to_string(deployed("compose/compose.yaml")).unwrap();
        Self { folder, compose: serde_saphyr::from_str(&text).unwrap() }
    }

    /// Where the file of a secret is on this machine.
    fn file(&self, secret: &str) -> PathBuf {
        self.folder.path().join(&self.compose.secrets[secret].file)
    }

    /// The environment, with paths of this machine. A secret that the service is not given is not there.
    fn environment(&self) -> BTreeMap<String, String> {
        let here = |value: &String| match value.strip_prefix(MOUNTED) {
            Some(secret) if self.compose.concord.secrets.iter().any(|given| given == secret) => {
                self.file(secret).to_str().unwrap().to_owned()
            }
            _ => value.clone(),
        };
        self.compose.concord.environment.iter().map(|(name, value)| (name.clone(), here(value))).collect()
    }
}

#[test]
fn the_image_is_compiled_by_the_release_of_the_repository() {
    // rust-toolchain.toml is no part of the image's context: nothing else would notice.
    let toolchain = fs::read_to_string(deployed("../rust-toolchain.toml")).unwrap();
    let release =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let dockerfile = fs::read_to_string(deployed("image/Dockerfile")).unwrap();
    let base = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST_IMAGE=rust:")).unwrap();
    assert!(base.starts_with(&format!("{release}-")), "{base} is not {release}");
}

#[test]
fn compose_passes_once_its_secrets_are_made() {
    let deployment = Deployment::compose();

    let (code, problems) = check(&deployment.environment());

    assert_eq!(code, 0, "{problems:#?}");
    // Between containers of one network without a way out there is no TLS; the page says so.
    assert_eq!(named(&problems), [("MS0911", "REDIS_URL"), ("MS0306", "DATABASE_URL")]);
}

#[test]
fn compose_names_each_secret_that_is_missing() {
    let deployment = Deployment::compose();
    let secrets = deployment.compose.concord.secrets.clone();
    assert_eq!(secrets.len(), 3);

    for secret in &secrets {
        let file = deployment.file(secret);
        let kept = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let (code, problems) = check(&deployment.environment());
        assert_eq!(code, 2, "{secret}: {problems:#?}");
        // `secret_key` is what SECRET_KEY_FILE names.
        let setting = format!("{}_FILE", secret.to_uppercase());
        assert!(named(&problems).contains(&("MS0106", &setting)), "{secret}: {problems:#?}");
        fs::write(&file, kept).unwrap();
    }

    let mut bare = deployment.environment();
    bare.retain(|name, _| !name.ends_with("_FILE"));
    let (code, problems) = check(&bare);
    assert_eq!(code, 2, "{problems:#?}");
    let found = named(&problems);
    assert!(found.contains(&("MS0109", "SECRET_KEY")), "{found:?}");
    // The shared limits want the REDIS_URL.
    assert!(found.contains(&("MS0902", "RATE_LIMIT_STORE")), "{found:?}");
    assert!(format!("{problems:?}").contains("REDIS_URL"), "{problems:#?}");
}

#[test]
fn what_secrets_hold_is_never_shown() {
    let deployment = Deployment::compose();
    let mut environment = deployment.environment();
    // Wrong in every way that is looked for, so that as much as possible is said of them.
    for secret in ["secret_key", "database_url", "redis_url"] {
        let file = deployment.file(secret);
        let text = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::write(&file, format!("x y {}", &text[..24])).unwrap();
    }
    environment.insert("ALLOWED_HOSTS".into(), "*".into());

    let (code, problems) = check(&environment);

    assert_eq!(code, 2);
    let key = fs::read_to_string(deployment.file("secret_key")).unwrap();
    assert!(!format!("{problems:?}").contains(key.trim_start_matches("x y ")), "{problems:#?}");
}

#[test]
fn kubernetes_passes_once_its_secrets_are_made() {
    let text = fs::read_to_string(deployed("kubernetes/settings.env")).unwrap();
    let settings = text.lines().filter_map(|line| line.split_once('='));
    let mut environment: BTreeMap<String, String> =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();

    let (code, problems) = check(&environment);
    assert_eq!(code, 2);
    assert!(named(&problems).contains(&("MS0109", "SECRET_KEY")), "{problems:#?}");

    // As `kustomization.yaml` says.
    let compose = Deployment::compose();
    let key = fs::read_to_string(compose.file("secret_key")).unwrap();
    let password = fs::read_to_string(compose.file("postgres_password")).unwrap();
    let database = format!("postgresql://concord:{password}@db.example.org/concord?sslmode=verify-full");
    environment.extend([
        ("SECRET_KEY".to_owned(), key),
        ("DATABASE_URL".to_owned(), database),
        ("REDIS_URL".to_owned(), format!("rediss://:{password}@redis.example.org:6379/0")),
    ]);
    let (code, problems) = check(&environment);
    assert_eq!((code, problems.len()), (0, 0), "{problems:#?}");
}

/// How long a deployment waits for all migrations on an empty database: in Compose, in each pod, before the unit.
const LONGEST: Duration = Duration::from_secs(30);

#[test]
fn all_migrations_are_done_in_half_a_minute_on_either_database() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system());
    let file = format!("sqlite://{}", folder.path().join("concord.db").display());
    let server = TestDatabase::postgres();
    for url in [file.as_str(), server.url()] {
        let migrate = |what| {
            Command::new(env!("CARGO_BIN_EXE_concord"))
                .args(["migrate", what])
                .current_dir(folder.path())
                .env_clear()
                .env("DATABASE_URL", url)
                .output()
                .unwrap()
        };
        assert_eq!(migrate("status").status.code(), Some(1), "they are pending: {url}");
        let began = clock.now();
        let ran = migrate("up");
        assert!(ran.status.success(), "{url}: {}", String::from_utf8_lossy(&ran.stderr));
        assert!(clock.now() - began < LONGEST, "{url}: {:?}", clock.now() - began);
        assert_eq!(migrate("status").status.code(), Some(0), "none is pending: {url}");
    }
}
