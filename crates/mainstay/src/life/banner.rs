//! What a service says of itself when it is ready.

use std::fmt::Write as _;
use std::time::Duration;

use mainstay_core::settings::Problem;
use sha2::{Digest, Sha256};

use super::{Runtime, Started};
use crate::Control;
use crate::routes::RouteTable;
use crate::telemetry::log::{LogFormat, Logging};

/// All that the banner shows.
pub(super) struct Banner<'a> {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) started: &'a Started,
    pub(super) warnings: &'a [Problem],
    pub(super) took: Duration,
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
            not_yet_built = unbuilt(),
            posture = started.posture,
            warnings = self.warnings.len(),
            start_ms = millis(self.took),
            "ready"
        );
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
        line("routes", format!("{}, {} waivers", started.routes.rows().len(), waivers(&started.routes)));
        line("not yet", unbuilt());
        line("posture", started.posture.clone());
        // The warnings themselves stand in the log just above.
        line("warnings", self.warnings.len().to_string());
        line("ready in", format!("{} ms", millis(self.took)));
        block.push('\n');
        block
    }
}

/// A hash of all that is demanded of requests: equal for two instances with the same routes and limits.
pub(super) fn posture(runtime: &Runtime, routes: &RouteTable) -> String {
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

fn unbuilt() -> String {
    let names = Control::ALL.iter().filter(|control| !control.is_built()).map(|control| control.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
