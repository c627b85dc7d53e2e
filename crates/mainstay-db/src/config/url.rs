//! Where a database is.

use std::fmt;
use std::path::{Path, PathBuf};

use mainstay_core::settings::{Invalid, Setting};
use mainstay_core::{DisplayUrl, Secret};

/// The sorts of database that a URL can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseKind {
    /// `sqlite:`
    Sqlite,
    /// `postgresql:` or `postgres:`
    Postgresql,
}

/// Where a database is. Prints without its password.
///
/// | URL | means |
/// |---|---|
/// | `sqlite://data/app.db`, `sqlite:data/app.db` | a file, from the working directory |
/// | `sqlite:///var/lib/app/app.db` | a file, from the root |
/// | `sqlite::memory:` | a private database for a test, gone with its last handle |
///
/// The path is taken as it stands, without decoding of `%`; there are no `?` options.
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
    Postgresql,
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
            "postgresql" | "postgres" => Target::Postgresql,
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
    pub fn kind(&self) -> DatabaseKind {
        match self.target {
            Target::File(_) | Target::Memory => DatabaseKind::Sqlite,
            Target::Postgresql => DatabaseKind::Postgresql,
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
            Target::Memory | Target::Postgresql => None,
        }
    }

    /// The URL itself, password included.
    pub fn expose(&self) -> &str {
        self.url.expose()
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
            let invalid = Invalid::new(match error {
                UrlError::UnknownKind => "names no kind of database that is known",
                UrlError::NoFile => "names no file",
                UrlError::Options => "has options, which a SQLite URL does not take",
            });
            match error {
                UrlError::Options => invalid.with_help("cut it off before the `?` or `#`"),
                _ => invalid.with_help("write `sqlite://` and the path of a file"),
            }
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DatabaseKind, DatabaseUrl, UrlError};

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
        assert_eq!(url.kind(), DatabaseKind::Postgresql);
        assert_eq!(format!("{url} {url:?}").matches("s3cret").count(), 0);
    }
}
