//! The limits that every request meets.

use std::time::Duration;

use mainstay_core::settings::{Explanation, Problem, Reader, Section};

use crate::controls::body::BodyLimits;
use crate::controls::client::{ForwardedHeader, TrustedProxies};
use crate::controls::host::AllowedHosts;
use crate::controls::target::TargetLimits;
use crate::limits::{Class, LimitSettings};
use crate::upload::UploadSettings;

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0201",
        title: "the service would answer for every host",
        text: "A service that believes any Host header can be made to build links, redirects and\n\
               cached pages for a name that belongs to somebody else, and a web page of a\n\
               stranger can reach it under a name of its own (DNS rebinding).\n\n\
               List the names that people use in ALLOWED_HOSTS, without ports:\n\n\
               \u{20}   ALLOWED_HOSTS=app.example.org,.internal.example.org\n\n\
               A leading dot stands for the name and everything below it. Probes of\n\
               orchestrators are answered under every host and need no entry.",
    },
    Explanation {
        code: "MS0202",
        title: "every address is a trusted proxy",
        text: "The service believes a trusted proxy when it names the client's address. If every\n\
               address is trusted, every client can choose its own address, and so escape rate\n\
               limits and forge the access log.\n\n\
               List the networks of your own proxies in TRUSTED_PROXIES, and no others.",
    },
    Explanation {
        code: "MS0205",
        title: "a proxy is declared, and no proxy is trusted",
        text: "FORWARDED_HEADER says in which header proxies name the client, so there are proxies\n\
               in front of this service; but TRUSTED_PROXIES names none, so their headers are not\n\
               believed. Every request then seems to come from the proxy: one client that meets a\n\
               limit per address locks out all others, and logs and audit name nobody.\n\n\
               List the networks from which the proxies connect:\n\n\
               \u{20}   TRUSTED_PROXIES=10.0.3.0/24\n\n\
               or remove FORWARDED_HEADER where clients connect directly.",
    },
];

/// What a request may bring and how long it may take, unless its route says otherwise.
#[derive(Clone, Debug)]
pub struct RequestSettings {
    /// The hosts that this service answers for.
    pub allowed_hosts: AllowedHosts,
    /// The networks whose word on a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Bounds on the query string.
    pub target: TargetLimits,
    /// Most bytes of a body.
    pub body_bytes: u64,
    /// Most bytes of a body that brings files.
    pub upload: UploadSettings,
    /// How often who may ask.
    pub limits: LimitSettings,
    /// From the first look at a body to its last byte.
    pub body_time: Duration,
    /// Each so many bytes of a body add a second to that.
    pub body_bytes_per_second: u64,
    /// From the arrival of a request to the head of its answer.
    pub timeout: Duration,
}

impl Section for RequestSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self::read_for(reader, &[])
    }
}

impl RequestSettings {
    /// Reads the settings of an application with these classes of limits.
    pub fn read_for(reader: &mut Reader<'_>, classes: &[Class]) -> Self {
        let limits = LimitSettings::read_for(reader, classes);
        reader.group("Requests", "What a request may bring, and how long it may take.");
        let settings = Self {
            allowed_hosts: allowed_hosts(reader),
            trusted_proxies: trusted_proxies(reader),
            target: TargetLimits {
                query_bytes: reader
                    .field("MAX_QUERY_STRING_LENGTH")
                    .doc("Longest query string. Beyond it: 414.")
                    .unit("bytes")
                    .default(4096_usize)
                    .bounds(64..=32_768)
                    .too_low("ordinary lists with filters are refused")
                    .too_high("the head of a request is bounded anyway")
                    .read(),
                query_fields: reader
                    .field("MAX_QUERY_PARAMS")
                    .doc("Most fields in a query string. Beyond it: 400.")
                    .default(100_usize)
                    .bounds(1..=10_000)
                    .read(),
            },
            body_bytes: megabytes(
                reader
                    .field("MAX_REQUEST_SIZE_MB")
                    .doc("Largest body of a request; fractions are allowed. Beyond it: 413.")
                    .unit("MiB")
                    .default(10.0_f64)
                    .bounds(0.001..=1024.0)
                    .too_low("imports are refused")
                    .too_high("a few requests at once fill the memory")
                    .read(),
            ),
            upload: UploadSettings::read(reader),
            limits,
            body_time: reader
                .field("BODY_READ_TIMEOUT")
                .doc("From the first look at a body to its last byte, with a second more for each BODY_MIN_RATE bytes. A slower client gets 408.")
                .default(Duration::from_secs(20))
                .bounds(Duration::from_millis(100)..=Duration::from_hours(1))
                .too_low("clients on slow lines cannot send anything")
                .too_high("slow clients can hold on to memory and connections")
                .read(),
            body_bytes_per_second: reader
                .field("BODY_MIN_RATE")
                .doc("A body that comes at least as fast may take longer than BODY_READ_TIMEOUT.")
                .unit("bytes per second")
                .default(16 * 1024_u64)
                .bounds(1..=1024 * 1024 * 1024)
                .too_low("clients that drip their bodies can hold on to connections")
                .too_high("large bodies over slow lines are cut off")
                .read(),
            timeout: reader
                .field("REQUEST_TIMEOUT")
                .doc("From the arrival of a request to the head of its answer. A slower handler gets 504.")
                .default(Duration::from_mins(1))
                .bounds(Duration::from_millis(100)..=Duration::from_hours(1))
                .too_high("work goes on for clients that gave up long ago")
                .read(),
        };
        if settings.allowed_hosts.is_any() {
            let problem = Problem::error("MS0201", "ALLOWED_HOSTS allows every host")
                .at("ALLOWED_HOSTS")
                .because("links, redirects and caches then follow whatever name a client invents")
                .help("list the names that people use, such as ALLOWED_HOSTS=app.example.org");
            reader.insecure(problem);
        }
        if settings.trusted_proxies.is_everybody() {
            let problem = Problem::error("MS0202", "TRUSTED_PROXIES trusts every address")
                .at("TRUSTED_PROXIES")
                .because("every client could then choose the address that limits and logs see")
                .help("list the networks of your own proxies, such as TRUSTED_PROXIES=10.0.3.0/24");
            reader.insecure(problem);
        }
        settings
    }
}

impl RequestSettings {
    /// The limits of a body of at most so many bytes.
    pub(crate) fn body_limits(&self, bytes: u64) -> BodyLimits {
        BodyLimits { bytes, time: self.body_time, bytes_per_second: self.body_bytes_per_second }
    }
}

impl Default for RequestSettings {
    /// The documented defaults.
    fn default() -> Self {
        Self {
            allowed_hosts: AllowedHosts::loopback(),
            trusted_proxies: TrustedProxies::default(),
            target: TargetLimits { query_bytes: 4096, query_fields: 100 },
            body_bytes: megabytes(10.0),
            upload: UploadSettings::default(),
            limits: LimitSettings::default(),
            body_time: Duration::from_secs(20),
            body_bytes_per_second: 16 * 1024,
            timeout: Duration::from_mins(1),
        }
    }
}

fn allowed_hosts(reader: &mut Reader<'_>) -> AllowedHosts {
    let field = reader
        .field("ALLOWED_HOSTS")
        .doc("The names that people use for this service, without ports; a leading dot includes everything below.")
        .default_text("the loopback names")
        .example("app.example.org");
    field.required_in_strict().map_or_else(AllowedHosts::loopback, AllowedHosts::new)
}

fn trusted_proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let networks = reader
        .field("TRUSTED_PROXIES")
        .doc("Networks whose word on a client's address, scheme and host is believed; `unix` stands for peers on a Unix socket. Private ranges are not trusted by themselves.")
        .default_text("none")
        .example("10.0.3.0/24")
        .optional();
    let header = reader
        .field::<ForwardedHeader>("FORWARDED_HEADER")
        .doc("The header in which the proxies name the client. Without it either is understood, and a request that carries both is refused.")
        .default_text("either, and not both")
        .example("x-forwarded-for")
        .optional();
    let proxies = networks.map(TrustedProxies::new).unwrap_or_default();
    if header.is_some() && proxies.is_nobody() {
        let problem = Problem::error("MS0205", "FORWARDED_HEADER declares proxies, and none is trusted");
        let problem = problem.at("FORWARDED_HEADER");
        let problem = problem
            .because("all clients would share the address of the proxy, its limits and its line in the log");
        reader.problem(
            problem.help("name the proxies' networks in TRUSTED_PROXIES, or remove FORWARDED_HEADER"),
        );
    }
    proxies.reading(header)
}

/// Whole bytes of a number of mebibytes whose bounds are checked.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded to 0.001..=1024")]
pub(crate) fn megabytes(number: f64) -> u64 {
    (number * 1024.0 * 1024.0) as u64
}

#[cfg(test)]
mod tests {
    use mainstay_core::settings::{Environment, read_pairs};

    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let read = read_pairs::<RequestSettings>(Environment::Development, &[]).settings.unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", RequestSettings::default()));
    }

    #[test]
    fn a_declared_proxy_has_to_be_trusted() {
        for environment in [Environment::Development, Environment::Production] {
            let pairs = [("FORWARDED_HEADER", "forwarded"), ("ALLOWED_HOSTS", "app.example.org")];
            let report = read_pairs::<RequestSettings>(environment, &pairs).report;
            let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
            assert_eq!((codes.as_slice(), report.has_errors()), (["MS0205"].as_slice(), true));
            let trusted = [pairs[0], pairs[1], ("TRUSTED_PROXIES", "10.0.3.0/24")];
            assert!(read_pairs::<RequestSettings>(environment, &trusted).report.problems.is_empty());
        }
    }

    #[test]
    fn what_is_insecure_stops_a_strict_start_only() {
        let pairs = [("ALLOWED_HOSTS", "*"), ("TRUSTED_PROXIES", "0.0.0.0/0")];
        for (environment, stops) in [(Environment::Development, false), (Environment::Production, true)] {
            let report = read_pairs::<RequestSettings>(environment, &pairs).report;
            let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
            assert_eq!(codes, ["MS0201", "MS0202"]);
            assert_eq!(report.has_errors(), stops);
        }
        assert!(
            read_pairs::<RequestSettings>(Environment::Production, &[]).report.has_errors(),
            "hosts are required"
        );
    }
}
