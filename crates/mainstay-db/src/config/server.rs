//! Where a PostgreSQL server is, as its URL says it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use mainstay_core::Secret;
use percent_encoding::percent_decode_str;

use super::UrlError;

/// The port that PostgreSQL listens on unless it is told otherwise.
const DEFAULT_PORT: u16 = 5432;

/// Where a server is, and who asks it.
#[derive(Clone, Debug)]
pub(crate) struct ServerAddress {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: String,
    pub(crate) tls: TlsMode,
    /// Certificates that sign the server's, in PEM. The system's own where none is named.
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) application_name: Option<String>,
}

/// What is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name or an address.
    Name(String),
    /// The folder of a socket on this machine.
    Socket(PathBuf),
}

/// `sslmode`: how far the line to the server is trusted, in PostgreSQL's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    /// No encryption.
    Disable,
    /// Encryption if the server has it. Whoever sits on the line can turn it off.
    Prefer,
    /// Encryption, with anybody.
    Require,
    /// Encryption, with a server that the root certificate vouches for.
    VerifyCa,
    /// Encryption, with this very server.
    VerifyFull,
}

impl ServerAddress {
    /// Reads what follows `postgresql:`.
    pub(super) fn parse(rest: &str) -> Result<Self, UrlError> {
        let rest = rest.strip_prefix("//").ok_or(UrlError::NoUser)?;
        if rest.contains('#') {
            return Err(UrlError::Unescaped);
        }
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        if credentials.contains('@') || place.contains(',') || database.contains(['/', '@']) {
            return Err(if place.contains(',') { UrlError::SeveralHosts } else { UrlError::Unescaped });
        }
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(decode(password)?)),
            None => (credentials, None),
        };
        let (host, port) = split_port(place)?;
        let mut address = Self {
            host: into_host(decode(host)?),
            port,
            user: decode(user)?,
            password: password.map(Secret::new),
            database: decode(database)?,
            tls: TlsMode::Prefer,
            root_certificate: None,
            application_name: None,
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            address.set(name, decode(value)?)?;
        }
        if address.user.is_empty() {
            return Err(UrlError::NoUser);
        }
        if address.database.is_empty() {
            return Err(UrlError::NoDatabase);
        }
        Ok(address)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), UrlError> {
        match name {
            "sslmode" => self.tls = TlsMode::parse(&value).ok_or(UrlError::TlsMode)?,
            // "system" is libpq's word for the certificates of the system, which are the default here.
            "sslrootcert" if value == "system" => self.root_certificate = None,
            "sslrootcert" => self.root_certificate = Some(value.into()),
            "host" => self.host = into_host(value),
            "port" => self.port = value.parse().map_err(|_| UrlError::Port)?,
            "user" => self.user = value,
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = value,
            "application_name" => self.application_name = Some(value),
            _ => return Err(UrlError::UnknownOption),
        }
        Ok(())
    }

    /// Whether what is sent stays on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.host {
            Host::Socket(_) => true,
            Host::Name(name) => {
                let address = name.trim_start_matches('[').trim_end_matches(']');
                name.eq_ignore_ascii_case("localhost")
                    || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// Whether user or password are those of an example, which everybody knows.
    pub(crate) fn has_placeholder_credentials(&self) -> bool {
        let password = self.password.as_ref().map(Secret::expose);
        is_placeholder(&self.user)
            || password.is_some_and(|password| password.is_empty() || is_example(password))
    }
}

/// Where it is, without the password: `db.internal:5432/app`.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) if name.contains(':') => write!(f, "[{name}]:{}/{}", self.port, self.database),
            Host::Name(name) => write!(f, "{name}:{}/{}", self.port, self.database),
            Host::Socket(folder) => write!(f, "{} ({})", self.database, folder.display()),
        }
    }
}

impl TlsMode {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "prefer" | "allow" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

fn decode(text: &str) -> Result<String, UrlError> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| UrlError::Unescaped)
}

fn into_host(text: String) -> Host {
    match text.as_str() {
        "" => Host::Name("localhost".to_owned()),
        folder if folder.starts_with('/') => Host::Socket(text.into()),
        _ => Host::Name(text),
    }
}

/// `db:5433`, `[::1]:5433`, `db`.
fn split_port(place: &str) -> Result<(&str, u16), UrlError> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(UrlError::Port)?;
        return Ok((host, if port.is_empty() { DEFAULT_PORT } else { parse_port(port)? }));
    }
    match place.rfind(':') {
        Some(colon) => Ok((&place[..colon], parse_port(&place[colon..])?)),
        None => Ok((place, DEFAULT_PORT)),
    }
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    let port = text.strip_prefix(':').and_then(|port| port.parse().ok());
    port.filter(|port| *port > 0).ok_or(UrlError::Port)
}

/// What stands where a value belongs.
fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let framed = text.starts_with(['<', '{', '$']) || text.starts_with("your") || text.starts_with("xxx");
    framed || text.contains("changeme") || text.contains("change-me") || text.contains("change_me")
}

/// Passwords that stand in examples and images.
fn is_example(password: &str) -> bool {
    const KNOWN: [&str; 12] = [
        "password",
        "passwd",
        "pass",
        "secret",
        "example",
        "postgres",
        "postgresql",
        "admin",
        "root",
        "test",
        "123456",
        "12345678",
    ];
    let lower = password.to_ascii_lowercase();
    is_placeholder(password) || KNOWN.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rest: &str) -> ServerAddress {
        ServerAddress::parse(rest).unwrap_or_else(|error| unreachable!("{rest}: {error}"))
    }

    #[test]
    fn all_parts_are_found() {
        let url = "//app:p%40ss%2Fword@db.internal:5433/orders?sslmode=verify-full&sslrootcert=/etc/ca.pem";
        let address = parse(url);
        assert_eq!(address.host, Host::Name("db.internal".into()));
        assert_eq!((address.port, address.user.as_str(), address.database.as_str()), (5433, "app", "orders"));
        assert_eq!(
            address.password.map(|password| password.expose().to_owned()).as_deref(),
            Some("p@ss/word")
        );
        assert_eq!(
            (address.tls, address.root_certificate),
            (TlsMode::VerifyFull, Some("/etc/ca.pem".into()))
        );

        let short = parse("//app@db/orders");
        assert_eq!((short.port, short.password.is_none(), short.tls), (5432, true, TlsMode::Prefer));
        assert_eq!(parse("//app@[::1]:99/o").host, Host::Name("::1".into()));
        assert_eq!(parse("//app@/o?host=/run/postgresql").host, Host::Socket("/run/postgresql".into()));
        assert_eq!(parse("//app@%2Frun%2Fpg/o").host, Host::Socket("/run/pg".into()));
        assert_eq!(parse("//db/o?user=app&password=x&port=7").to_string(), "db:7/o");
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let table = [
            ("", UrlError::NoUser),
            ("//db/orders", UrlError::NoUser),
            ("//app@db", UrlError::NoDatabase),
            ("//app@db/", UrlError::NoDatabase),
            ("//app@db:no/orders", UrlError::Port),
            ("//app@db:0/orders", UrlError::Port),
            ("//app@db:70000/orders", UrlError::Port),
            ("//app@[::1/orders", UrlError::Port),
            ("//app@one,two/orders", UrlError::SeveralHosts),
            ("//app:p@ss@db/orders", UrlError::Unescaped),
            ("//app:p#ss@db/orders", UrlError::Unescaped),
            ("//app:p%ffss@db/orders", UrlError::Unescaped),
            ("//app@db/orders?sslmode=on", UrlError::TlsMode),
            ("//app@db/orders?pool=4", UrlError::UnknownOption),
        ];
        for (rest, expected) in table {
            assert_eq!(ServerAddress::parse(rest).map(drop), Err(expected), "{rest}");
        }
    }

    #[test]
    fn this_machine_is_known() {
        for (host, local) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("[::1]", true),
            ("%2Frun", true),
            ("10.0.0.1", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(parse(&format!("//app@{host}/o")).is_local(), local, "{host}");
        }
    }

    #[test]
    fn placeholders_are_known() {
        for (credentials, placeholder) in [
            ("app:changeme", true),
            ("app:password", true),
            ("postgres:postgres", true),
            ("app:%3Cpassword%3E", true),
            ("app:your-password-here", true),
            ("your_user:s8Kq2", true),
            ("app:", true),
            ("app:s8Kq2-Zr", false),
            // Without a password: by the socket's owner, or by a rule of the server.
            ("app", false),
        ] {
            let address = parse(&format!("//{credentials}@db/o"));
            assert_eq!(address.has_placeholder_credentials(), placeholder, "{credentials}");
        }
    }
}
