//! Where a database is.

use std::fmt;
use std::path::{Path, PathBuf};

use mainstay_core::settings::{Invalid, Setting};
use mainstay_core::{DisplayUrl, Secret};

use super::server::ServerAddress;

/// The database that is behind a handle, and so the dialect of SQL that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `sqlite:`
    Sqlite,
    /// `postgresql:` or `postgres:`
    Postgres,
}

/// Where a database is. Prints without its password.
///
/// | URL | means |
/// |---|---|
/// | `sqlite://data/app.db`, `sqlite:data/app.db` | a file, from the working directory |
/// | `sqlite:///var/lib/app/app.db` | a file, from the root |
/// | `sqlite::memory:` | a private database for a test, gone with its last handle |
///
/// | `postgresql://user:password@host:5432/database` | a PostgreSQL server |
/// | `postgresql://user@%2Frun%2Fpostgresql/database` | one on this machine, by its socket |
///
/// The path of a file is taken as it stands, without decoding of `%`; it has no `?` options. In the URL of a
/// server, `@ : / ? #` and `%` in a password are written `%40 %3A %2F %3F %23 %25`. Its options are `sslmode`,
/// `sslrootcert`, `application_name`, and `host`, `port`, `user`, `password`, `dbname` for what stands before.
///
/// A private database is a file in the system's temporary folder that is never flushed: SQLite's own
/// in-memory databases cannot be shared by connections with the isolation that a file has.
#[derive(Clone)]
pub struct DatabaseUrl {
    url: Secret,
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    File(PathBuf),
    Memory,
    Server(Box<ServerAddress>),
}

/// A text that is not the URL of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Neither `sqlite:` nor `postgresql:`.
    #[error("a database URL begins with `sqlite:` or `postgresql:`")]
    UnknownKind,
    /// `sqlite:` and nothing behind it.
    #[error("the URL names no file")]
    NoFile,
    /// `sqlite:` with a query or a fragment.
    #[error("a SQLite URL takes no options after `?` or `#`")]
    Options,
    /// A server without a user.
    #[error("the URL names no user")]
    NoUser,
    /// A server without a database.
    #[error("the URL names no database")]
    NoDatabase,
    /// What follows the host is not a port.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// More than one server.
    #[error("the URL names more than one server")]
    SeveralHosts,
    /// A character that has a meaning of its own in URLs.
    #[error("a character of user, password or database has to be escaped")]
    Unescaped,
    /// Not a value of `sslmode`.
    #[error("`sslmode` is not one of PostgreSQL's")]
    TlsMode,
    /// An option that nobody knows.
    #[error("the URL has an option that is not known")]
    UnknownOption,
}

impl DatabaseUrl {
    /// Understands a URL.
    ///
    /// # Errors
    ///
    /// See [`UrlError`].
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once(':').ok_or(UrlError::UnknownKind)?;
        let target = match scheme {
            "postgresql" | "postgres" => Target::Server(Box::new(ServerAddress::parse(rest)?)),
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                match path {
                    ":memory:" => Target::Memory,
                    "" => return Err(UrlError::NoFile),
                    _ if path.contains(['?', '#']) => return Err(UrlError::Options),
                    _ => Target::File(PathBuf::from(path)),
                }
            }
            _ => return Err(UrlError::UnknownKind),
        };
        Ok(Self { url: Secret::new(url), target })
    }

    /// A private database for a test or an example.
    pub fn in_memory() -> Self {
        Self { url: Secret::new("sqlite::memory:"), target: Target::Memory }
    }

    /// The URL of a SQLite file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let url = Secret::new(format!("sqlite://{}", path.display()));
        Self { url, target: Target::File(path.to_owned()) }
    }

    /// Which database the URL names.
    pub fn dialect(&self) -> Dialect {
        match self.target {
            Target::File(_) | Target::Memory => Dialect::Sqlite,
            Target::Server(_) => Dialect::Postgres,
        }
    }

    pub(crate) fn server(&self) -> Option<&ServerAddress> {
        match &self.target {
            Target::Server(address) => Some(address),
            Target::File(_) | Target::Memory => None,
        }
    }

    /// Whether the data goes with the process.
    pub fn is_temporary(&self) -> bool {
        matches!(self.target, Target::Memory)
    }

    /// The file of a SQLite database that stays.
    pub fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::File(path) => Some(path),
            Target::Memory | Target::Server(_) => None,
        }
    }

    /// The URL itself, password included.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }
}

impl UrlError {
    /// What is wrong, to follow the name of the setting, and what to do about it.
    fn advice(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownKind => (
                "names no kind of database that is known",
                "write `sqlite://` and the path of a file, or postgresql://user:password@host/database",
            ),
            Self::NoFile => ("names no file", "write `sqlite://` and the path of a file"),
            Self::Options => {
                ("has options, which a SQLite URL does not take", "cut it off before the `?` or `#`")
            }
            Self::NoUser => ("names no user", "write postgresql://user:password@host/database"),
            Self::NoDatabase => ("names no database", "write postgresql://user:password@host/database"),
            Self::Port => ("has no port from 1 to 65535 behind its host", "write host:5432, or leave it out"),
            Self::SeveralHosts => (
                "names more than one server",
                "name one, or a proxy in front of them that knows which one takes writes",
            ),
            Self::Unescaped => (
                "holds a character that has to be escaped",
                "in user, password and database write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for # \
                 and %25 for %",
            ),
            Self::TlsMode => (
                "has an `sslmode` that PostgreSQL does not know",
                "choose disable, prefer, require, verify-ca or verify-full",
            ),
            Self::UnknownOption => (
                "has an option that is not known",
                "known are sslmode, sslrootcert, application_name, host, port, user, password and dbname; a `?` \
                 in a password is written %3F",
            ),
        }
    }
}

impl Dialect {
    /// The name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The folder of its migrations: `sqlite` or `postgres`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DisplayUrl(self.url.expose()).fmt(f)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Setting for DatabaseUrl {
    fn kind() -> &'static str {
        "url"
    }

    fn expected() -> String {
        "the URL of a database, such as `sqlite://data/app.db`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse(text.trim()).map_err(|error| {
            let (reason, help) = error.advice();
            Invalid::new(reason).with_help(help)
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DatabaseUrl, Dialect, UrlError};

    #[test]
    fn paths_of_urls() {
        let path = |url: &str| DatabaseUrl::parse(url).map(|url| url.path().map(Path::to_owned));
        assert_eq!(path("sqlite://data/app.db"), Ok(Some("data/app.db".into())));
        assert_eq!(path("sqlite:data/app.db"), Ok(Some("data/app.db".into())));
        assert_eq!(path("sqlite:///var/lib/app.db"), Ok(Some("/var/lib/app.db".into())));
        assert_eq!(path("sqlite::memory:"), Ok(None));
        assert_eq!(path("sqlite://:memory:"), Ok(None));
        assert_eq!(path("sqlite:"), Err(UrlError::NoFile));
        assert_eq!(path("sqlite://app.db?mode=rwc"), Err(UrlError::Options));
        assert_eq!(path("mysql://app"), Err(UrlError::UnknownKind));
        assert_eq!(path("app.db"), Err(UrlError::UnknownKind));
    }

    #[test]
    fn a_password_is_not_printed() {
        let url = DatabaseUrl::parse("postgresql://app:s3cret@db/app");
        let url = url.expect("a URL of PostgreSQL");
        assert_eq!(url.dialect(), Dialect::Postgres);
        assert_eq!(format!("{url} {url:?}").matches("s3cret").count(), 0);
    }
}
