//! The settings that a deployment gives a service, read as the service will read them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use mainstay::life::Runtime;
use mainstay_core::random;
use mainstay_core::settings::{Environment, Given, Layer, Place, Problem, Reader, Section, Source, Sources};

/// What one deployment gives one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    values: BTreeMap<String, Value>,
}

#[derive(Clone, Debug)]
struct Value {
    /// `None` where only the running system knows it, such as a reference to a secret.
    text: Option<String>,
    place: Place,
}

/// Settings that are said to be in a file the audit does not see: they get a value that passes, so that the rest is
/// judged. The texts stand before and after what nobody can guess.
const UNSEEN: [(&str, &str, &str); 5] = [
    ("SECRET_KEY", "", ""),
    ("LDAP_BIND_PASSWORD", "", ""),
    ("REDIS_URL", "rediss://:", "@redis.internal:6379/0"),
    ("ALLOWED_HOSTS", "", ".example.org"),
    ("PUBLIC_URL", "https://", ".example.org"),
];

/// Settings that tell a container of a Mainstay service from others.
const TELLING: [&str; 6] =
    ["ENVIRONMENT", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "SECRET_KEY", "SECRET_KEY_FILE", "PUBLIC_URL"];

impl Settings {
    /// Gives a setting its value. What was given first stays.
    pub(super) fn give(&mut self, name: &str, text: Option<&str>, place: Place) {
        let value = Value { text: text.map(str::to_owned), place };
        self.values.entry(name.to_owned()).or_insert(value);
    }

    /// Takes over what is not given here.
    pub(super) fn give_weaker(&mut self, other: &Self) {
        for (name, value) in &other.values {
            self.values.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Whether these are settings of a Mainstay service.
    pub(super) fn are_ours(&self) -> bool {
        TELLING.iter().filter(|name| self.values.contains_key(**name)).count() >= 2
    }

    /// What a setting is given, if that is known here.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.text.as_deref()
    }

    /// Where a setting is given.
    pub(super) fn place(&self, name: &str) -> Option<&Place> {
        self.values.get(name).map(|value| &value.place)
    }

    /// Whether a setting is given at all, by itself or in a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.values.contains_key(&format!("{name}_FILE"))
    }

    /// Every name with its text, where that is known.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str, &Place)> {
        self.values
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.text.as_deref()?, &value.place)))
    }

    /// The kind of place the deployment says it is.
    pub(super) fn environment(&self) -> Environment {
        self.sources().environment()
    }

    /// From the signal to the end, at most; `None` when the setting is wrong.
    pub(super) fn shutdown_timeout(&self) -> Option<Duration> {
        self.runtime().map(|runtime| runtime.process.shutdown_timeout)
    }

    /// From the arrival of a request to the head of its answer, at most.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        self.runtime().map(|runtime| runtime.requests.timeout)
    }

    /// The largest body of any request, in bytes.
    pub(super) fn largest_body_bytes(&self) -> Option<u64> {
        self.runtime().map(|runtime| runtime.requests.body_bytes.max(runtime.requests.upload.bytes))
    }

    /// How long a connection stays open without a request.
    pub(super) fn keep_alive_timeout(&self) -> Option<Duration> {
        self.runtime().map(|runtime| runtime.connections.keep_alive_timeout)
    }

    /// Most connections at once.
    pub(super) fn max_connections(&self) -> Option<usize> {
        self.runtime().map(|runtime| runtime.connections.max_connections)
    }

    /// The networks whose word on the client is taken.
    pub(super) fn trusted_proxies(&self) -> Option<Vec<ipnet::IpNet>> {
        let text = self.text("TRUSTED_PROXIES").unwrap_or_default();
        let network = |word: &str| {
            let word = word.trim();
            word.parse().ok().or_else(|| word.parse::<std::net::IpAddr>().ok().map(Into::into))
        };
        text.split(',').filter(|word| !word.trim().is_empty()).map(network).collect()
    }

    /// What the service itself would say of these settings.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let report = self.sources().read::<WholeRuntime>(self.environment()).report;
        let in_files = |name: &str| {
            let file = format!("{name}_FILE");
            self.values.contains_key(&file) || self.values.get(name).is_some_and(|value| value.text.is_none())
        };
        let told = report.problems.into_iter().filter(|problem| {
            let name = problem.place.as_ref().map(|place| place.name.as_str()).unwrap_or_default();
            // A value that is not seen here is not missing.
            !in_files(name) && problem.is_error()
        });
        told.map(|problem| self.placed(problem)).collect()
    }

    /// A problem of a setting that nobody gave stands where the others are given.
    fn placed(&self, problem: Problem) -> Problem {
        let is_placed = problem.place.as_ref().is_some_and(|place| place.source != Source::Default);
        match self.values.values().next() {
            Some(first) if !is_placed => problem.place(Place { excerpt: None, ..first.place.clone() }),
            _ => problem,
        }
    }

    /// The settings of the runtime, unless one of them is wrong: that is a problem of its own.
    fn runtime(&self) -> Option<Runtime> {
        self.sources().read::<WholeRuntime>(self.environment()).settings.map(|WholeRuntime(runtime)| runtime)
    }

    fn sources(&self) -> Sources {
        // Names of the application are not known here, so an unknown name says nothing.
        let mut layer = Layer::shared("MAINSTAY_");
        for (name, value) in &self.values {
            let Some(text) = &value.text else { continue };
            if !name.ends_with("_FILE") {
                let source = value.place.source.clone();
                layer.insert(name.clone(), Given { text: OsString::from(text), source });
            }
        }
        for (name, before, after) in UNSEEN {
            if self.has(name) && self.text(name).is_none() {
                let text = OsString::from(format!("{before}{}{after}", unguessable()));
                layer.insert(name, Given { text, source: Source::Process });
            }
        }
        let mut sources = Sources::new("");
        sources.push(layer);
        sources
    }
}

/// The settings of the runtime, as a section.
struct WholeRuntime(Runtime);

impl Section for WholeRuntime {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self(Runtime::read_named(reader, "app", &[]))
    }
}

fn unguessable() -> String {
    random::bytes::<40>().iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}
