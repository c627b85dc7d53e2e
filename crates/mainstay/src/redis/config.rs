//! The settings of Redis.

use std::fmt;
use std::path::PathBuf;

use mainstay_core::settings::{Explanation, Invalid, Problem, Reader, Section, Setting};
use mainstay_core::{DisplayUrl, Secret};

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0911",
        title: "Redis is asked in the clear",
        text: "REDIS_URL begins with redis:// and names another machine. Whoever can listen in\n\
               between reads the password, and can then empty every limit.\n\n\
               Use TLS:\n\n\
               \u{20}   REDIS_URL=rediss://user:password@cache.internal:6379\n\n\
               On the same machine, a Unix socket or the loopback is as good.",
    },
    Explanation {
        code: "MS0912",
        title: "REDIS_CA_FILE cannot be used",
        text: "REDIS_CA_FILE names a PEM file with the certificates of the only authorities that are\n\
               believed when they say who Redis is. It cannot be read, or holds no certificate, or\n\
               REDIS_URL does not begin with rediss:// and there is nothing to verify.\n\n\
               Without it, the authorities of the system are believed.",
    },
    Explanation {
        code: "MS0913",
        title: "REDIS_URL cannot be used",
        text: "It has the form of a URL of Redis, and some part of it means nothing: the number of\n\
               the database, say, or a parameter that nobody knows:\n\n\
               \u{20}   REDIS_URL=rediss://user:password@cache.internal:6379/0",
    },
];

/// The schemes of URLs, and whether what they name is encrypted or stays on the machine.
const SCHEMES: [(&str, bool); 5] = [
    ("rediss://", true),
    ("redis+unix://", true),
    ("unix://", true),
    ("valkeys://", true),
    ("redis://", false),
];

/// Where Redis is. Prints without its password.
#[derive(Clone)]
pub struct RedisUrl {
    url: Secret,
    is_private: bool,
}

impl RedisUrl {
    /// The URL itself, password included.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }

    /// Whether it is asked by TLS.
    pub fn is_tls(&self) -> bool {
        ["rediss://", "valkeys://"].iter().any(|scheme| self.url.expose().starts_with(scheme))
    }

    /// Whether nobody can listen in: it is encrypted, or does not leave the machine.
    pub fn is_private(&self) -> bool {
        self.is_private
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DisplayUrl(self.url.expose()).fmt(f)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Setting for RedisUrl {
    fn kind() -> &'static str {
        "url"
    }

    fn expected() -> String {
        "a URL such as `rediss://:password@host:6379/0`, or `redis+unix:///run/redis.sock`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let scheme =
            SCHEMES.iter().find_map(|(scheme, is_safe)| Some((text.strip_prefix(scheme)?, *is_safe)));
        let (rest, is_safe) = scheme.ok_or_else(|| {
            Invalid::new("is not the URL of a Redis")
                .with_help("begin it with rediss://, redis:// or redis+unix://")
        })?;
        // Clients take `#insecure` for the wish to believe any certificate.
        if rest.contains('#') {
            return Err(Invalid::new("has a fragment, which no Redis is told")
                .with_help("remove what begins with #; an authority of your own goes to REDIS_CA_FILE"));
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if rest.is_empty() || (host.is_empty() && !text.contains("unix://")) {
            return Err(Invalid::new("names no host"));
        }
        Ok(Self { url: Secret::new(text), is_private: is_safe || is_loopback(host) })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Whether a host with its port is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Where Redis is, if there is one.
#[derive(Clone, Debug, Default)]
pub struct RedisSettings {
    /// `REDIS_URL`.
    pub url: Option<RedisUrl>,
    /// `REDIS_CA_FILE`: the only authorities to believe; else those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Section for RedisSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Redis", "Where instances share what is not worth a row in the database.");
        let url: Option<RedisUrl> = reader
            .field("REDIS_URL")
            .doc("Where Redis or Valkey is. Needed when a store says `redis`.")
            .default_text("none")
            .example("rediss://cache.internal:6379/0")
            .optional();
        let ca_file = reader
            .field::<PathBuf>("REDIS_CA_FILE")
            .doc("A PEM file with the only authorities to believe that somebody is Redis.")
            .default_text("those of the system")
            .optional();
        if url.as_ref().is_some_and(|url| !url.is_private()) && reader.strict() {
            let problem = Problem::warning("MS0911", "REDIS_URL asks another machine in the clear");
            let problem = problem.at("REDIS_URL").because("whoever listens in between reads the password");
            reader.problem(problem.help("use rediss://, or a Redis on this machine"));
        }
        let settings = Self { url, ca_file };
        settings.judge(reader);
        settings
    }
}

impl RedisSettings {
    /// Whether the parts fit, and a client can be made of them.
    fn judge(&self, reader: &mut Reader<'_>) {
        let Some(url) = &self.url else { return };
        let contradict = self.ca_file.is_some() && !url.is_tls();
        if contradict {
            let problem = Problem::error("MS0912", "REDIS_CA_FILE is for rediss: addresses");
            let problem = problem.at("REDIS_CA_FILE").because("without TLS there is nothing to verify");
            reader.problem(problem.help("begin REDIS_URL with rediss://, or remove REDIS_CA_FILE"));
        }
        #[cfg(feature = "redis")]
        if !contradict && let Err(error) = super::link::client(url, self.ca_file.as_deref()) {
            let because = mainstay_core::Chain(&error).to_string();
            let problem = if matches!(error, super::LinkError::Url(_)) {
                Problem::error("MS0913", "REDIS_URL cannot be used")
                    .at("REDIS_URL")
                    .help("name it as in rediss://user:password@host:6379/0")
            } else {
                Problem::error("MS0912", "REDIS_CA_FILE cannot be used")
                    .at("REDIS_CA_FILE")
                    .help("name a PEM file with the certificate of the authority of Redis")
            };
            reader.problem(problem.because(because));
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::settings::{Environment, read_pairs};

    use super::*;

    #[test]
    fn urls_row_by_row() {
        let rows = [
            ("redis://127.0.0.1:6379", Some(true)),
            ("redis://:p@[::1]:6379/1", Some(true)),
            ("redis://localhost", Some(true)),
            ("redis://u:p@cache:6379/0", Some(false)),
            ("redis://10.0.0.1", Some(false)),
            ("redis://localhost.evil.example", Some(false)),
            ("redis://localhost@cache", Some(false)),
            ("rediss://u:p@cache:6379/0", Some(true)),
            ("redis+unix:///run/redis.sock", Some(true)),
            ("unix:///run/redis.sock?db=1", Some(true)),
            ("redis://", None),
            ("redis://:p@/0", None),
            ("cache:6379", None),
            ("http://cache", None),
            ("rediss://cache/#insecure", None),
            ("rediss://cache#", None),
        ];
        for (text, is_private) in rows {
            assert_eq!(RedisUrl::parse(text).ok().map(|url| url.is_private()), is_private, "{text}");
        }
        let url = RedisUrl::parse("redis://u:s3cret@cache:6379/0").unwrap();
        assert_eq!(
            (format!("{url:?}"), url.show()),
            ("redis://u:***@cache:6379/0".to_owned(), url.to_string())
        );
    }

    #[cfg(feature = "redis")]
    #[test]
    fn what_no_client_can_be_made_of_is_refused_before_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (empty, damaged) = (file("empty.pem", ""), "-----BEGIN CERTIFICATE-----\nnone\n");
        let (damaged, missing) = (file("damaged.pem", damaged), folder.path().join("nowhere.pem"));
        let (tls, clear) = ("rediss://u:s3cret@cache:6379/0", "redis://127.0.0.1/0");
        let rows = [
            (tls, None, &[][..]),
            (tls, Some(missing.display().to_string()), &["MS0912"]),
            (tls, Some(empty.clone()), &["MS0912"]),
            (tls, Some(damaged), &["MS0912"]),
            (clear, Some(empty), &["MS0912"]),
            ("rediss://u:s3cret@cache:6379/many", None, &["MS0913"]),
            ("rediss://u:s3cret@cache:port", None, &["MS0913"]),
        ];
        for (url, ca_file, codes) in rows {
            let mut pairs = vec![("REDIS_URL", url)];
            pairs.extend(ca_file.as_deref().map(|path| ("REDIS_CA_FILE", path)));
            let report = read_pairs::<RedisSettings>(Environment::Development, &pairs).report;
            let told: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
            assert_eq!(told, codes, "{pairs:?}");
            assert!(!format!("{report:?}").contains("s3cret"));
        }
    }

    #[test]
    fn in_the_clear_is_warned_of_where_it_matters() {
        let pairs = [("REDIS_URL", "redis://u:s3cret@cache:6379/0")];
        for (environment, codes) in
            [(Environment::Development, &[][..]), (Environment::Production, &["MS0911"])]
        {
            let report = read_pairs::<RedisSettings>(environment, &pairs).report;
            let told: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
            assert_eq!((told.as_slice(), report.has_errors()), (codes, false));
            assert!(!format!("{report:?}").contains("s3cret"));
        }
    }
}
