//! What a service says of itself when it is ready.

use std::fmt::Write as _;
use std::time::Duration;

use mainstay_core::settings::Problem;
use sha2::{Digest, Sha256};

use crate::life::{Runtime, Started};
use crate::routes::RouteTable;
use crate::telemetry::log::{LogFormat, Logging};

/// All that the banner shows.
pub(super) struct Banner<'a> {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) started: &'a Started,
    pub(super) warnings: &'a [Problem],
    pub(super) took: Duration,
    /// Why the process cannot hand over to a new one, where it cannot.
    pub(super) obstacle: Option<String>,
}

impl Banner<'_> {
    /// Writes the banner: as a block where a person watches, else as one record.
    pub(super) fn write(&self, logging: &Logging) {
        if logging.format() == LogFormat::Text && logging.sink().is_terminal() {
            logging.sink().write(self.block().as_bytes());
        } else {
            self.record();
        }
    }

    fn record(&self) {
        let Self { started, .. } = self;
        let runtime = &started.runtime;
        let waivers = waivers(&started.routes);
        tracing::info!(
            service = self.name,
            version = self.version,
            environment = runtime.environment.name(),
            instance = runtime.process.instance_name,
            address = %started.address,
            management = started.management.map(tracing::field::display),
            public_url = runtime.listen.public_url.origin(),
            store = %runtime.database.url,
            routes = started.routes.rows().len(),
            waivers,
            limits = started.limits,
            posture = started.posture,
            warnings = self.warnings.len(),
            reload = self.obstacle.as_deref().unwrap_or("possible"),
            start_ms = millis(self.took),
            "ready"
        );
        if let Some(demo) = &started.demo {
            // Shown this once, to whoever started an empty service in development.
            let (sign_in_as, with) = (demo.name.as_str(), demo.password.expose());
            tracing::info!(sign_in_as, with, "demo operator");
        }
    }

    fn block(&self) -> String {
        let Self { started, .. } = self;
        let runtime = &started.runtime;
        let mut block = format!("\n  {} {} · {}\n\n", self.name, self.version, runtime.environment.name());
        let mut line = |name: &str, value: String| {
            // Writing into a String does not fail.
            let _ = writeln!(block, "  {name:<12} {value}");
        };
        line("listening", format!("http://{}", started.address));
        if let Some(address) = started.management {
            line("management", format!("http://{address}"));
        }
        line("public", runtime.listen.public_url.origin().to_owned());
        line("store", runtime.database.url.to_string());
        line("instance", runtime.process.instance_name.clone());
        line("reload", self.reload());
        line("routes", format!("{}, {} waivers", started.routes.rows().len(), waivers(&started.routes)));
        line("limits", started.limits.clone());
        line("posture", started.posture.clone());
        if let Some(demo) = &started.demo {
            line("sign in as", format!("{} with {}", demo.name.as_str(), demo.password.expose()));
        }
        // The warnings themselves stand in the log just above.
        line("warnings", self.warnings.len().to_string());
        line("ready in", format!("{} ms", millis(self.took)));
        block.push('\n');
        block
    }
}

impl Banner<'_> {
    fn reload(&self) -> String {
        match &self.obstacle {
            None => format!("`{} reload`, or SIGHUP", self.name),
            Some(obstacle) => format!("not possible: {obstacle}"),
        }
    }
}

/// A hash of all that is demanded of requests: equal for two instances with the same routes and limits.
pub(in crate::life) fn posture(runtime: &Runtime, routes: &RouteTable) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?}", runtime.requests, runtime.connections));
    for row in routes.rows() {
        hash.update(format!(
            "\n{} {} {:?} {:?} {:?}",
            row.method, row.path, row.policy, row.demanded, row.deadline
        ));
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn waivers(routes: &RouteTable) -> usize {
    routes.rows().map(|row| row.policy.waivers.len()).sum()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use mainstay_core::Clock;
    use mainstay_core::settings::{Environment, Reader, Section, read_pairs};
    use mainstay_db::Database;

    use super::*;
    use crate::life::open_accounts;
    use crate::limits::Limiter;
    use crate::telemetry::log::{LogSettings, Sink};
    use crate::telemetry::metrics::Metrics;

    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl Sink for Terminal {
        fn write(&self, line: &[u8]) {
            self.0.lock().unwrap().push_str(str::from_utf8(line).unwrap());
        }

        fn is_terminal(&self) -> bool {
            true
        }
    }

    struct Sample;

    impl crate::Service for Sample {
        const NAME: &'static str = "sample";
        const VERSION: &'static str = "1.2.3";
        const ABOUT: &'static str = "A sample.";
        type Settings = ();
        type State = ();

        fn routes(&self) -> crate::Routes {
            crate::Routes::new()
        }

        fn migrations(&self) -> mainstay_db::Migrations {
            mainstay_db::Migrations::new()
        }

        async fn build(&self, _: &mut crate::life::App<()>) -> Result<(), crate::BuildError> {
            Ok(())
        }
    }

    struct Named(Runtime);

    impl Section for Named {
        fn read(reader: &mut Reader<'_>) -> Self {
            Self(Runtime::read_named(reader, "sample", &[]))
        }
    }

    #[tokio::test]
    async fn on_a_terminal_it_is_a_block() {
        let pairs = [("DATABASE_URL", "sqlite::memory:"), ("INSTANCE_NAME", "one")];
        let Named(runtime) = read_pairs(Environment::Development, &pairs).settings.unwrap();
        let clock = Clock::system();
        let database = Database::open(&runtime.database, &clock).await.unwrap();
        let (tasks, metrics) = (mainstay_core::Tasks::new(), Metrics::new());
        let limiter = Limiter::in_memory(&runtime.requests.limits, &clock);
        let accounts =
            open_accounts::<Sample>(&runtime, &database, &clock, &tasks, &metrics, limiter).unwrap();
        let started = Started {
            address: runtime.listen.address,
            management: None,
            database,
            accounts,
            demo: None,
            runtime: Arc::new(runtime),
            routes: RouteTable::default(),
            posture: "0123456789abcdef".to_owned(),
            limits: "in memory, 6400 KiB".to_owned(),
        };
        let terminal = Terminal::default();
        let logging = Logging::new(&LogSettings::default(), &clock, terminal.clone());
        let took = Duration::from_millis(12);
        let banner = Banner {
            name: "sample",
            version: "1.2.3",
            started: &started,
            warnings: &[],
            took,
            obstacle: None,
        };
        banner.write(&logging);
        let expected = "
  sample 1.2.3 · development

  listening    http://127.0.0.1:8080
  public       http://127.0.0.1:8080
  store        sqlite::memory:
  instance     one
  reload       `sample reload`, or SIGHUP
  routes       0, 0 waivers
  limits       in memory, 6400 KiB
  posture      0123456789abcdef
  warnings     0
  ready in     12 ms

";
        assert_eq!(*terminal.0.lock().unwrap(), expected);
    }
}
