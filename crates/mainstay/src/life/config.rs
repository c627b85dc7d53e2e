//! The settings of the process, and of the whole runtime.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::Uri;
use mainstay_core::random;
use mainstay_core::settings::{Environment, Explanation, Invalid, Problem, Reader, Section, Setting};
use mainstay_db::DatabaseSettings;

use super::drain::Plan;
use crate::accept::ConnectionSettings;
use crate::openapi::ReferenceSettings;
use crate::telemetry::log::LogSettings;
use crate::{RequestSettings, Service};

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
    /// Where it listens.
    pub listen: ListenSettings,
    /// Of the log.
    pub log: LogSettings,
    /// Of connections.
    pub connections: ConnectionSettings,
    /// Of requests.
    pub requests: RequestSettings,
    /// Of the API reference.
    pub reference: ReferenceSettings,
    /// Of the database.
    pub database: DatabaseSettings,
}

/// The settings of the process itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProcessSettings {
    /// `INSTANCE_NAME`: what this process is called in logs, leases and claims.
    pub instance_name: String,
    /// `DEBUG`: whether errors may tell developers more.
    pub debug: bool,
    /// `SHUTDOWN_GRACE`: how long the service answers on after it said that it is not ready.
    pub shutdown_grace: Duration,
    /// `SHUTDOWN_TIMEOUT`: from the signal to the end, at most.
    pub shutdown_timeout: Duration,
    /// `DRILL_HANG_HOOK`: a hook of the drain that never ends.
    #[cfg(feature = "drills")]
    pub drill_hang_hook: bool,
}

/// Where the service listens, and what it is called outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenSettings {
    /// `HOST` and `PORT`: where people and programs are served.
    pub address: SocketAddr,
    /// `MANAGEMENT_ADDR`: where metrics and health are served to operators.
    pub management: Option<SocketAddr>,
    /// `PUBLIC_URL`: the origin that people use.
    pub public_url: PublicUrl,
}

/// An origin: scheme, host and perhaps a port, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: String,
    secure: bool,
}

/// The codes of the process's settings and of its start.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0401",
        title: "people reach the service without TLS",
        text: "PUBLIC_URL begins with http:, so passwords, cookies and answers travel where anybody\n\
               on the way can read and change them. On a loopback address nobody is on the way.\n\n\
               Put a proxy that speaks TLS in front, and name the address that people use:\n\n\
               \u{20}   PUBLIC_URL=https://app.example.org",
    },
    Explanation {
        code: "MS0402",
        title: "the grace period leaves too little time for stopping",
        text: "SHUTDOWN_TIMEOUT is the whole time from the signal to the end. SHUTDOWN_GRACE, in which\n\
               the service says that it is not ready and still answers, is a part of it and gets at\n\
               most half; the rest is for the requests in flight, workers and stores.\n\n\
               Raise SHUTDOWN_TIMEOUT to twice SHUTDOWN_GRACE or more. Whoever stops the service must\n\
               wait longer than that before killing it: 45 seconds for the default of 30.",
    },
    Explanation {
        code: "MS0403",
        title: "debugging is on",
        text: "DEBUG is for a developer's machine. What it shows helps an attacker as well.",
    },
    Explanation {
        code: "MS0404",
        title: "drills are built in",
        text: "This program was built with the feature `drills`: routes and settings that misbehave on\n\
               purpose, for rehearsals. It does not start in staging or production, because anybody who\n\
               reaches it could hold its connections or make it panic.\n\n\
               Build without the feature.",
    },
    Explanation {
        code: "MS0405",
        title: "management listens where people are served",
        text: "MANAGEMENT_ADDR is a listener of its own, for operators only, so it needs a port of its\n\
               own: its routes need no sign-in, and a firewall tells the two apart by their ports.",
    },
    Explanation {
        code: "MS0501",
        title: "the database cannot be opened",
        text: "The service could not open the database that DATABASE_URL names, so it did not start.\n\
               The causes are listed from the outermost to the innermost; the last one is what the\n\
               system or the database itself said.",
    },
    Explanation {
        code: "MS0502",
        title: "an address cannot be listened on",
        text: "Most often another process listens there already: an earlier start of the same\n\
               service, or another program. `ss -ltnp` lists who listens. A port below 1024 needs a\n\
               privilege; an address that is not one of this machine's cannot be used at all.",
    },
    Explanation {
        code: "MS0503",
        title: "the schema is not what this release needs",
        text: "A release works with exactly the schema of its migrations. Where MIGRATE_ON_START is\n\
               yes, the start applies what is pending; in staging and production it is no by default,\n\
               so that a schema changes when an operator says so: `migrate up`.\n\n\
               A schema that is newer than the release is refused: the release does not know what\n\
               it would be writing into.",
    },
    Explanation {
        code: "MS0504",
        title: "the application could not be built",
        text: "The application itself refused to start; the causes say why.",
    },
    Explanation {
        code: "MS0505",
        title: "the routes are wrong",
        text: "Two handlers for one route, a path that cannot be routed, or a waiver without a\n\
               reason: a mistake of the release, found before it serves anybody.",
    },
    Explanation {
        code: "MS0506",
        title: "a waiver has expired",
        text: "A control was switched off for a route until a day that is over. In staging and\n\
               production the service does not start until somebody has decided again: build the\n\
               control in, or give the waiver a new day.",
    },
    Explanation {
        code: "MS0507",
        title: "the system gives the process too little",
        text: "A thread, a signal handler or an event queue could not be had. The causes name the\n\
               system's own reason; most often a limit of the container or the user is reached.",
    },
    Explanation {
        code: "MS0508",
        title: "the start was broken off",
        text: "A part of the start panicked, which is a mistake of the release, or the process was told\n\
               to stop meanwhile. The log says which.",
    },
];

impl<S: Service> Section for Configuration<S> {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { runtime: Runtime::read_named(reader, S::NAME), service: S::Settings::read(reader) }
    }
}

impl Runtime {
    /// Reads the settings of the runtime for a service of this name.
    pub fn read_named(reader: &mut Reader<'_>, name: &'static str) -> Self {
        Self {
            environment: reader.environment(),
            process: ProcessSettings::read(reader),
            listen: ListenSettings::read(reader),
            log: LogSettings::read(reader),
            connections: ConnectionSettings::read(reader),
            requests: RequestSettings::read(reader),
            reference: ReferenceSettings::read(reader),
            database: DatabaseSettings::read_named(reader, name),
        }
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
        let debug =
            reader.field("DEBUG").doc("Whether errors may tell developers more.").default(false).read();
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
            debug,
            shutdown_grace,
            shutdown_timeout,
            #[cfg(feature = "drills")]
            drill_hang_hook: super::drills::read(reader),
        };
        if shutdown_grace > Duration::ZERO && shutdown_grace * 2 > shutdown_timeout {
            let problem = Problem::error("MS0402", "SHUTDOWN_GRACE is more than half of SHUTDOWN_TIMEOUT");
            let problem = problem.at("SHUTDOWN_GRACE");
            let problem = problem.because("the requests in flight would get less time than the waiting");
            reader.problem(problem.help("raise SHUTDOWN_TIMEOUT, or lower SHUTDOWN_GRACE"));
        }
        if debug && reader.strict() {
            let problem = Problem::warning("MS0403", "DEBUG is on").at("DEBUG");
            reader.problem(
                problem.because("what helps a developer helps an attacker too").help("set DEBUG=no"),
            );
        }
        settings
    }
}

impl Section for ListenSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Addresses", "Where the service listens, and what it is called outside.");
        let host = reader
            .field("HOST")
            .doc("The address to listen on. `0.0.0.0` and `::` mean every address of the machine.")
            .default(IpAddr::V4(Ipv4Addr::LOCALHOST))
            .read();
        let port =
            reader.field("PORT").doc("The port to listen on; 0 takes a free one.").default(8080_u16).read();
        let management = reader
            .field::<SocketAddr>("MANAGEMENT_ADDR")
            .doc("A second listener, for operators only: metrics and health. Without it, staging and production serve no metrics.")
            .default_text("none")
            .example("127.0.0.1:9090")
            .optional();
        let address = SocketAddr::new(host, port);
        let public_url = reader
            .field::<PublicUrl>("PUBLIC_URL")
            .doc("The origin that people use: for links, redirects, cookies and the check of origins.")
            .default_text("http://{HOST}:{PORT}")
            .example("https://app.example.org")
            .optional();
        let settings =
            Self { address, management, public_url: public_url.unwrap_or_else(|| PublicUrl::of(address)) };
        if management.is_some_and(|management| management.port() == port && port != 0) {
            let problem = Problem::error("MS0405", "MANAGEMENT_ADDR has the port of the service itself");
            let problem =
                problem.at("MANAGEMENT_ADDR").because("operators and people would share one listener");
            reader.problem(problem.help("choose another port, such as MANAGEMENT_ADDR=127.0.0.1:9090"));
        }
        if !settings.public_url.is_secure() && !settings.public_url.is_loopback() {
            let problem = Problem::error("MS0401", "PUBLIC_URL is not https").at("PUBLIC_URL");
            let problem = problem.because("anybody on the way can read and change what is sent");
            reader.insecure(problem.help("put TLS in front and set PUBLIC_URL=https://…"));
        }
        settings
    }
}

impl PublicUrl {
    /// The origin of a service that nobody gave a name: its own address.
    pub fn of(address: SocketAddr) -> Self {
        let host = match address.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self { origin: format!("http://{host}:{}", address.port()), host, secure: false }
    }

    /// The origin as browsers write it: `https://app.example.org`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether only this machine can mean it.
    pub fn is_loopback(&self) -> bool {
        let ip = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        self.host == "localhost" || self.host.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

impl Setting for PublicUrl {
    fn kind() -> &'static str {
        "url"
    }

    fn expected() -> String {
        "an origin such as `https://app.example.org`, without a path".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let uri: Uri = text.trim().parse().map_err(|_| Invalid::new("is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Invalid::new("is not a whole URL").with_help("begin with `https://`"));
        };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(Invalid::new("is neither http nor https")),
        };
        if authority.as_str().contains('@') {
            return Err(Invalid::new("names a user"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(Invalid::new("has a path").with_help("name the scheme, the host and the port only"));
        }
        let host = authority.host().to_ascii_lowercase();
        // Browsers leave the usual port out, so an origin that names it would never be equal to theirs.
        let port = authority.port_u16().filter(|port| *port != default_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { origin: format!("{scheme}://{host}{port}"), host, secure: scheme == "https" })
    }

    fn show(&self) -> String {
        self.origin.clone()
    }
}

/// The machine's name and a short random part: two instances on one machine are two names.
fn instance_name_of_host() -> String {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let [a, b] = random::bytes();
    format!("{}-{a:02x}{b:02x}", host.split('.').next().unwrap_or_default())
}
