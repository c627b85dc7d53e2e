//! The program as operators run it, with a database of the test's.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mainstay::health::probe;
use mainstay_core::Clock;
use mainstay_testkit::Client;
use mainstay_testkit::servers::{Launch, Port, Process};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_concord");

/// The program with one database.
pub(crate) struct Place {
    folder: TempDir,
    url: String,
}

/// A running service. Ends with this value.
pub(crate) struct Service {
    process: Process,
    port: Port,
}

impl Place {
    /// With the database at `url`.
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self { folder: TempDir::new().unwrap(), url: url.into() }
    }

    /// With a SQLite file in a folder of its own.
    pub(crate) fn with_file() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Self { folder, url }
    }

    pub(crate) fn file(&self) -> String {
        self.folder.path().join("store.db").display().to_string()
    }

    /// Where the program works.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the service, and waits until it is ready.
    pub(crate) fn serve(&self) -> Service {
        let port = Port::reserve();
        let address = port.address();
        let settings = [
            ("DATABASE_URL", self.url.as_str()),
            ("PORT", &port.number().to_string()),
            ("DEMO_DATA", "no"),
            ("RATE_LIMIT_DEFAULT", "100000/s"),
            ("RATE_LIMIT_IMPORT", "100000/s"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let ready = move |_: &Process| {
            let answer = probe(address, "/health/ready", Duration::from_secs(1), &Clock::system());
            answer.is_ok_and(|(status, _)| status == 200)
        };
        let launch =
            Launch::new(PROGRAM).arguments(["serve"]).temporary_folder(self.folder.path()).ready(ready);
        let launch = settings.into_iter().fold(launch, |launch, (name, value)| launch.variable(name, value));
        Service { process: launch.start().unwrap(), port }
    }

    /// Runs a command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command that does what it should; returns its data.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes an API token.
    pub(crate) fn token(&self, role: &str) -> String {
        let made = self.succeed(&["token", "create", "--role", role, "--name", role, "--format", "json"]);
        let made: Value = serde_json::from_str(&made).unwrap();
        made["token"].as_str().unwrap().to_owned()
    }
}

impl Service {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.port.address())
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}

pub(crate) fn schema() -> Value {
    json!({"name": "cars", "version": "1.0.0", "dimensions": []})
}

/// A document of one catalogue.
pub(crate) fn catalog(name: &str, items: usize) -> Value {
    let items: Vec<_> = (0..items)
        .map(|id| json!({"id": format!("i{id}"), "name": "x", "attributes": {"doors": id}}))
        .collect();
    json!([{"name": name, "schema_ref": "cars", "items": items}])
}
