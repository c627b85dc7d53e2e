//! The settings of limits.

use std::time::Duration;

use mainstay_core::settings::{Choice, Explanation, Problem, Reader};

use super::class::Class;

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0901",
        title: "requests are not limited",
        text: "With RATE_LIMIT_ENABLED=no nobody is kept from asking as often as they can: for\n\
               pages, for expensive answers, for passwords.\n\n\
               Leave it out, and raise the rates that are too low instead:\n\n\
               \u{20}   RATE_LIMIT_DEFAULT=6000/m",
    },
    Explanation {
        code: "MS0902",
        title: "the limits are to be in Redis, and nothing says where that is",
        text: "RATE_LIMIT_STORE=redis keeps the limits where all instances share them, so it needs\n\
               to know where Redis is:\n\n\
               \u{20}   REDIS_URL=rediss://cache.internal:6379\n\n\
               One instance alone needs no Redis: leave RATE_LIMIT_STORE out.",
    },
    Explanation {
        code: "MS0903",
        title: "this build knows no Redis",
        text: "RATE_LIMIT_STORE=redis takes a build with the feature `redis`. Builds without it keep\n\
               limits in the memory of each instance.",
    },
    Explanation {
        code: "MS0904",
        title: "all clients seem to share one address",
        text: "PUBLIC_URL begins with https, and this service does not speak TLS itself, so a proxy\n\
               stands in front of it. TRUSTED_PROXIES names none: every request then seems to come\n\
               from the proxy, and one client that meets a limit per address locks out all others.\n\n\
               List the networks from which the proxy connects:\n\n\
               \u{20}   TRUSTED_PROXIES=10.0.3.0/24",
    },
    Explanation {
        code: "MS0905",
        title: "instances keep apart what belongs to all of them",
        text: "Other instances of this service are connected to the same database, for a minute by now,\n\
               and limits or sessions are kept in the memory of each. Limits hold all the same, more or\n\
               less: each instance takes its part of every rate. A session in memory is known to one\n\
               instance only.\n\n\
               Keep them where all instances find them:\n\n\
               \u{20}   RATE_LIMIT_STORE=redis\n\
               \u{20}   SESSION_STORE=database\n\n\
               Instances are told apart by INSTANCE_NAME, which must differ.",
    },
];

/// `RATE_LIMIT_STORE`: where buckets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// In each process.
    #[default]
    Memory,
    /// In Redis, where all instances share them.
    Redis,
}

impl Choice for StoreKind {
    const CHOICES: &'static [(&'static str, Self)] = &[("memory", Self::Memory), ("redis", Self::Redis)];
}

/// How often who may do what, and where that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// `RATE_LIMIT_ENABLED`: whether anything is limited.
    pub enabled: bool,
    /// `RATE_LIMIT_STORE`: where buckets are kept.
    pub store: StoreKind,
    /// `RATE_LIMIT_TABLE_SLOTS`: how many buckets this process can hold apart.
    pub table_slots: usize,
    /// `RATE_LIMIT_REDIS_TIMEOUT`: how long a request waits for Redis.
    pub redis_timeout: Duration,
    /// The classes, each with its rate.
    classes: Vec<Class>,
}

impl Default for LimitSettings {
    /// The documented defaults, for the runtime's own classes.
    fn default() -> Self {
        Self {
            enabled: true,
            store: StoreKind::default(),
            table_slots: 262_144,
            redis_timeout: Duration::from_millis(5),
            classes: Class::OWN.to_vec(),
        }
    }
}

impl LimitSettings {
    /// Reads the settings, with a rate for each of the runtime's classes and of the application's.
    pub fn read_for(reader: &mut Reader<'_>, classes: &[Class]) -> Self {
        reader.group("Limits", "How often who may ask for what. A rate is so many requests in a time: 20/m.");
        let defaults = Self::default();
        let settings = Self {
            enabled: reader
                .field("RATE_LIMIT_ENABLED")
                .doc("Whether requests are limited.")
                .default(defaults.enabled)
                .read(),
            store: reader
                .field("RATE_LIMIT_STORE")
                .doc("Where limits are counted: `memory` in each instance, `redis` in all of them together.")
                .default(defaults.store)
                .read(),
            table_slots: reader
                .field("RATE_LIMIT_TABLE_SLOTS")
                .doc("How many addresses and identities one instance counts apart. It takes 25 bytes for each at most, as they come.")
                .default(defaults.table_slots)
                .bounds(1_024..=67_108_864)
                .too_low("in a flood of addresses newcomers are counted together, and refused together")
                .too_high("a flood of addresses takes that memory, and it is not given back")
                .read(),
            redis_timeout: reader
                .field("RATE_LIMIT_REDIS_TIMEOUT")
                .doc("How long a request waits for Redis to count it. Then the limit does what it does on failure.")
                .default(defaults.redis_timeout)
                .bounds(Duration::from_millis(1)..=Duration::from_secs(1))
                .too_low("limits are counted in each instance whenever Redis is busy")
                .too_high("each request waits that long while Redis is out")
                .read(),
            classes: Class::OWN.iter().chain(classes).map(|class| read_class(reader, *class)).collect(),
        };
        settings.judge(reader);
        settings
    }

    /// The classes, each with its rate.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// A class with the rate that the settings give it.
    pub fn class(&self, class: Class) -> Class {
        self.classes.iter().find(|known| known.name == class.name).copied().unwrap_or(class)
    }

    /// The same with another rate for a class.
    #[must_use]
    pub fn with(mut self, class: Class) -> Self {
        self.classes.retain(|known| known.name != class.name);
        self.classes.push(class);
        self
    }

    /// Whether the class has a rate in the settings.
    pub(crate) fn knows(&self, class: &Class) -> bool {
        self.classes.iter().any(|known| known.name == class.name)
    }

    /// Reports what is wrong between settings.
    fn judge(&self, reader: &mut Reader<'_>) {
        if !self.enabled && reader.strict() {
            let problem = Problem::warning("MS0901", "requests are not limited").at("RATE_LIMIT_ENABLED");
            let problem = problem.because("anybody can ask as often as they like, for passwords too");
            reader.problem(problem.help("remove it, and raise the rates that are too low"));
        }
        if self.store == StoreKind::Redis && !cfg!(feature = "redis") {
            let problem = Problem::error("MS0903", "this build knows no Redis").at("RATE_LIMIT_STORE");
            reader.problem(problem.help("build with the feature `redis`, or remove RATE_LIMIT_STORE"));
        } else if self.store == StoreKind::Redis && !reader.is_given("REDIS_URL") {
            let problem = Problem::error("MS0902", "RATE_LIMIT_STORE=redis needs REDIS_URL");
            let problem = problem.at("RATE_LIMIT_STORE").because("nothing says where Redis is");
            reader
                .problem(problem.help("set REDIS_URL, or remove RATE_LIMIT_STORE to count in each instance"));
        }
    }
}

/// Warns where all clients share the address of a proxy that nobody trusts. A public origin of `https` declares one:
/// nothing here speaks TLS.
pub(crate) fn judge_proxies(
    reader: &mut Reader<'_>,
    settings: &LimitSettings,
    is_https: bool,
    trusts_nobody: bool,
) {
    if settings.enabled && is_https && trusts_nobody && reader.strict() {
        let problem =
            Problem::warning("MS0904", "all clients seem to share the address of the proxy in front");
        let problem = problem.at("TRUSTED_PROXIES");
        let problem =
            problem.because("PUBLIC_URL is https, so a proxy ends TLS, and none is trusted to name clients");
        reader.problem(problem.help("name the proxy's network, such as TRUSTED_PROXIES=10.0.3.0/24"));
    }
}

fn read_class(reader: &mut Reader<'_>, class: Class) -> Class {
    let doc = if class.for_credentials {
        format!(
            "Failed attempts to sign in: so many for a name, {} times as many for an address.",
            super::ADDRESS_SHARE
        )
    } else if class.name == Class::DEFAULT.name {
        "Requests of one identity, or of one address where nobody is known, to routes of no other class."
            .to_owned()
    } else {
        format!("The same to routes of the class `{}`.", class.name)
    };
    Class { rate: reader.field(class.setting()).doc(doc).default(class.rate).read(), ..class }
}

#[cfg(test)]
mod tests {
    use mainstay_core::settings::{Environment, Section, read_pairs};

    use super::*;
    use crate::Rate;

    const SAMPLE: Class = Class::new("sample_class", Rate::per_minute(7));

    struct Limits(LimitSettings);

    impl Section for Limits {
        fn read(reader: &mut Reader<'_>) -> Self {
            let limits = LimitSettings::read_for(reader, &[SAMPLE]);
            judge_proxies(reader, &limits, true, true);
            Self(limits)
        }
    }

    fn codes(environment: Environment, pairs: &[(&str, &str)]) -> Vec<&'static str> {
        let report = read_pairs::<Limits>(environment, pairs).report;
        report.problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn each_class_has_a_setting() {
        let Limits(read) = read_pairs(Environment::Development, &[]).settings.unwrap();
        assert_eq!(read, LimitSettings::default().with(SAMPLE));
        let pairs = [("RATE_LIMIT_SAMPLE_CLASS", "9/10s"), ("RATE_LIMIT_AUTH", "50/h")];
        let Limits(read) = read_pairs(Environment::Development, &pairs).settings.unwrap();
        assert_eq!(read.class(SAMPLE).rate.to_string(), "9/10s");
        assert_eq!(read.class(Class::AUTH), Class { rate: Rate::per_hour(50), ..Class::AUTH });
        assert_eq!(read.class(Class::DEFAULT), Class::DEFAULT);
        assert_eq!(codes(Environment::Test, &[("RATE_LIMIT_SAMPLE_CLASS", "0/m")]), ["MS0101"]);
        assert_eq!(codes(Environment::Test, &[("RATE_LIMIT_SIMPLE_CLASS", "9/m")]), ["MS0103"]);
    }

    #[test]
    fn what_is_insecure_is_told() {
        assert_eq!(codes(Environment::Production, &[("RATE_LIMIT_ENABLED", "no")]), ["MS0901"]);
        assert_eq!(codes(Environment::Development, &[("RATE_LIMIT_ENABLED", "no")]), [""; 0]);
        assert_eq!(codes(Environment::Production, &[]), ["MS0904"]);
        let without = if cfg!(feature = "redis") { "MS0902" } else { "MS0903" };
        assert_eq!(codes(Environment::Development, &[("RATE_LIMIT_STORE", "redis")]), [without]);
    }
}
