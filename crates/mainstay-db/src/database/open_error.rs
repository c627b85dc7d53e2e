//! Why a database cannot be opened, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::DbError;

/// A database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names a database that this build does not serve.
    #[error("this build serves SQLite only, and DATABASE_URL names another database")]
    NotServed,
    /// The folder or the file cannot be created or opened for writing.
    #[error("{} cannot be opened for writing", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused.
    #[error("{} cannot be opened as a database", path.display())]
    Connect {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: DbError,
    },
    /// The file system lacks what write-ahead logging needs.
    #[error("{} lies on a file system without write-ahead logging (mode is {mode})", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that is in force instead.
        mode: String,
    },
    /// The server cannot be used.
    #[error("the PostgreSQL server at {server} {reason}")]
    Server {
        /// Where it is, without the password.
        server: String,
        /// What is wrong with it.
        reason: ServerProblem,
        /// What the server or the system said.
        source: Option<DbError>,
    },
}

/// What keeps a service from using a PostgreSQL server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerProblem {
    /// Nobody answers there.
    Unreachable,
    /// It does not take the user or the password.
    Credentials,
    /// It has no such database.
    NoDatabase,
    /// Encryption cannot be agreed upon, or its certificate is not trusted.
    Tls,
    /// The file of `sslrootcert` cannot be used.
    RootCertificate,
    /// It is older than what is served.
    Version,
    /// It has no connection left.
    Full,
    /// It may only be read: a standby.
    ReadOnly,
    /// Its database does not hold UTF-8.
    Encoding,
    /// It said something else.
    Other,
}

impl OpenError {
    /// The code of the diagnostic, where it has one of its own.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Server { reason, .. } => Some(reason.code()),
            _ => None,
        }
    }

    /// What the operator can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotServed => "set DATABASE_URL to a file, such as sqlite://data/app.db",
            Self::File { .. } => {
                "let the user that runs the service own the folder, or name another one in DATABASE_URL"
            }
            Self::Connect { .. } => {
                "check that the file is this service's database and that no other program holds it; \
                 restore a backup if it is damaged"
            }
            Self::NoWriteAheadLog { .. } => "put the file on a local disk",
            Self::Server { reason, .. } => reason.help(),
        }
    }
}

impl ServerProblem {
    /// The code of the diagnostic.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable | Self::Other => "MS0310",
            Self::Credentials => "MS0311",
            Self::NoDatabase => "MS0312",
            Self::Tls | Self::RootCertificate => "MS0313",
            Self::Version => "MS0314",
            Self::Full => "MS0315",
            Self::ReadOnly => "MS0316",
            Self::Encoding => "MS0317",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "start the server (`pg_isready -h HOST -p PORT` says whether it answers), or correct host and \
                 port in DATABASE_URL"
            }
            Self::Credentials => {
                "correct user and password in DATABASE_URL; `psql \"$DATABASE_URL\" -c 'select 1'` tries them, \
                 and pg_hba.conf of the server says who may come from where"
            }
            Self::NoDatabase => "create it with `createdb -O USER DATABASE`, or correct DATABASE_URL",
            Self::Tls => {
                "set sslmode and sslrootcert in DATABASE_URL to what the server offers: verify-full with its \
                 certificate authority, or disable on this machine only"
            }
            Self::RootCertificate => {
                "let sslrootcert in DATABASE_URL name a readable file with certificates in PEM"
            }
            Self::Version => "upgrade the server to PostgreSQL 14 or later",
            Self::Full => {
                "raise max_connections of the server, or lower DB_POOL_MAX_SIZE of the services that use it"
            }
            Self::ReadOnly => "name the primary in DATABASE_URL, or a proxy that finds it",
            Self::Encoding => "create the database with `createdb -E UTF8 -T template0 DATABASE`",
            Self::Other => "see the cause; the log of the server says more",
        }
    }
}

impl std::fmt::Display for ServerProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "does not answer",
            Self::Credentials => "does not take the user or the password",
            Self::NoDatabase => "has no such database",
            Self::Tls => "and this service do not agree on encryption",
            Self::RootCertificate => "cannot be verified: the file of sslrootcert cannot be used",
            Self::Version => "is older than PostgreSQL 14",
            Self::Full => "has no connection left",
            Self::ReadOnly => "may only be read",
            Self::Encoding => "holds the database in another encoding than UTF-8",
            Self::Other => "cannot be used",
        })
    }
}
