//! The settings of the process, and of the whole runtime.

use std::time::Duration;

use mainstay_core::random;
use mainstay_core::settings::{Environment, Problem, Reader, Section};
use mainstay_db::DatabaseSettings;

use super::ListenSettings;
use super::WatchdogSettings;
use super::control::ControlSettings;
use super::drain::Plan;
use crate::accept::ConnectionSettings;
use crate::admission::AdmissionSettings;
#[cfg(feature = "alerts")]
use crate::alerts::AlertSettings;
use crate::degradation::DegradationSettings;
use crate::identity::{DirectorySettings, PasswordSettings};
use crate::limits::{Class, judge_proxies};
use crate::openapi::ReferenceSettings;
use crate::redis::RedisSettings;
use crate::session::SessionSettings;
use crate::settings::SecretKey;
use crate::telemetry::log::LogSettings;
use crate::{CorsSettings, CsrfSettings, HstsSettings, RequestSettings, Service};

/// All settings of a service: those of the runtime and its own.
pub struct Configuration<S: Service> {
    /// Of the runtime.
    pub runtime: Runtime,
    /// Of the application.
    pub service: S::Settings,
}

/// The settings of the runtime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Runtime {
    /// `ENVIRONMENT`: the kind of place this process runs in.
    pub environment: Environment,
    /// Of the process itself.
    pub process: ProcessSettings,
    /// How commands reach the process.
    pub control: ControlSettings,
    /// Of the watchdog.
    pub watchdog: WatchdogSettings,
    /// Where it listens.
    pub listen: ListenSettings,
    /// What sessions and tokens are signed with.
    pub secret_key: SecretKey,
    /// Of the log.
    pub log: LogSettings,
    /// Of connections.
    pub connections: ConnectionSettings,
    /// Where Redis is.
    pub redis: RedisSettings,
    /// Of requests.
    pub requests: RequestSettings,
    /// Of how much work is taken on at once.
    pub admission: AdmissionSettings,
    /// Which other origins may read answers.
    pub cors: CorsSettings,
    /// What routes answer while the database is not well.
    pub degradation: DegradationSettings,
    /// How changes show where they come from.
    pub csrf: CsrfSettings,
    /// What is promised about https.
    pub hsts: HstsSettings,
    /// Of sessions.
    pub session: SessionSettings,
    /// Of passwords.
    pub passwords: PasswordSettings,
    /// Of the directory that knows other passwords.
    pub directory: DirectorySettings,
    /// Of the API reference.
    pub reference: ReferenceSettings,
    /// Of the database.
    pub database: DatabaseSettings,
    /// Where operators are told of trouble.
    #[cfg(feature = "alerts")]
    pub alerts: AlertSettings,
}

/// The settings of the process itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProcessSettings {
    /// `INSTANCE_NAME`: what this process is called in logs, leases and claims.
    pub instance_name: String,
    /// `DEBUG`: whether refusals tell their causes. Never in strict environments.
    pub debug: bool,
    /// `SHUTDOWN_GRACE`: how long the service answers on after it said that it is not ready.
    pub shutdown_grace: Duration,
    /// `SHUTDOWN_TIMEOUT`: from the signal to the end, at most.
    pub shutdown_timeout: Duration,
    /// What misbehaves without being asked.
    #[cfg(feature = "drills")]
    pub drills: super::DrillSettings,
}

impl<S: Service> Section for Configuration<S> {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { runtime: Runtime::read_named(reader, S::NAME, S::LIMITS), service: S::Settings::read(reader) }
    }
}

impl Runtime {
    /// Reads the settings of the runtime for a service of this name, with these classes of limits.
    pub fn read_named(reader: &mut Reader<'_>, name: &'static str, classes: &[Class]) -> Self {
        let runtime = Self {
            environment: reader.environment(),
            process: ProcessSettings::read(reader),
            control: ControlSettings::read_named(reader, name),
            watchdog: WatchdogSettings::read(reader),
            listen: ListenSettings::read(reader),
            secret_key: SecretKey::read(reader),
            log: LogSettings::read(reader),
            connections: ConnectionSettings::read(reader),
            redis: RedisSettings::read(reader),
            requests: RequestSettings::read_for(reader, classes),
            admission: AdmissionSettings::read(reader),
            cors: CorsSettings::read(reader),
            degradation: DegradationSettings::read(reader),
            csrf: CsrfSettings::read(reader),
            hsts: HstsSettings::read(reader),
            session: SessionSettings::read(reader),
            passwords: PasswordSettings::read(reader),
            directory: DirectorySettings::read(reader),
            reference: ReferenceSettings::read(reader),
            database: DatabaseSettings::read_named(reader, name),
            #[cfg(feature = "alerts")]
            alerts: AlertSettings::read(reader),
        };
        let Self { listen, requests, .. } = &runtime;
        let is_https = listen.public_url.is_secure();
        judge_proxies(reader, &requests.limits, is_https, requests.trusted_proxies.is_nobody());
        runtime
    }

    /// How the time for stopping is cut up.
    pub fn drain_plan(&self) -> Plan {
        Plan::new(self.process.shutdown_timeout, self.process.shutdown_grace)
    }
}

impl Section for ProcessSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Process", "What this process is called, and how it stops.");
        let instance_name = reader
            .field::<String>("INSTANCE_NAME")
            .doc("What this process is called in logs, leases and claims.")
            .default_text("the machine's name and a short random part")
            .example("app-1")
            .optional();
        let debug = reader
            .field("DEBUG")
            .doc("Whether refusals tell their causes, for a developer. Not heeded in staging and production.")
            .default(false)
            .read();
        let shutdown_grace = reader
            .field("SHUTDOWN_GRACE")
            .doc("How long the service answers on after a signal, while it says that it is not ready.")
            .default(Duration::ZERO)
            .default_strict(Duration::from_secs(5))
            .bounds(Duration::ZERO..=Duration::from_mins(5))
            .too_low("balancers that notice late send requests to a closed port")
            .too_high("each restart takes that much longer")
            .read();
        let shutdown_timeout = reader
            .field("SHUTDOWN_TIMEOUT")
            .doc("From the signal to the end of the process, at most. What is late then is left behind.")
            .default(Duration::from_secs(30))
            .bounds(Duration::from_secs(1)..=Duration::from_mins(15))
            .too_low("requests in flight and unfinished work are cut off")
            .too_high("whoever stops the process kills it before it has finished")
            .read();
        let settings = Self {
            instance_name: instance_name.unwrap_or_else(instance_name_of_host),
            debug: debug && !reader.strict(),
            shutdown_grace,
            shutdown_timeout,
            #[cfg(feature = "drills")]
            drills: super::DrillSettings::read(reader),
        };
        if shutdown_grace > Duration::ZERO && shutdown_grace * 2 > shutdown_timeout {
            let problem = Problem::error("MS0402", "SHUTDOWN_GRACE is more than half of SHUTDOWN_TIMEOUT");
            let problem = problem.at("SHUTDOWN_GRACE");
            let problem = problem.because("the requests in flight would get less time than the waiting");
            reader.problem(problem.help("raise SHUTDOWN_TIMEOUT, or lower SHUTDOWN_GRACE"));
        }
        if debug && reader.strict() {
            let problem = Problem::warning("MS0403", "DEBUG is on").at("DEBUG");
            let problem =
                problem.because("what helps a developer helps an attacker too: it is not heeded here");
            reader.problem(problem.help("set DEBUG=no"));
        }
        settings
    }
}

/// The machine's name and a short random part: two instances on one machine are two names.
fn instance_name_of_host() -> String {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let [a, b] = random::bytes();
    format!("{}-{a:02x}{b:02x}", host.split('.').next().unwrap_or_default())
}
