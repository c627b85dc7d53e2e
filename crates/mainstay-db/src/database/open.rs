//! From settings to a database that is open.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Clock, random};
use tokio::time::sleep;

use super::lane::{Lane, LaneParts};
use super::{Database, Inner, PROBE_LIMIT};
use crate::sqlite::{Location, Options, PrepareError, Role, network_filesystem};
use crate::{DatabaseKind, DatabaseSettings, DbError, DbErrorKind, query};

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
}

impl OpenError {
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
        }
    }
}

impl Database {
    /// Opens a database, and creates the file and its folder if they are not there.
    ///
    /// Two processes may open one file; they take turns in writing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use mainstay_core::Clock;
    /// use mainstay_db::{Database, DatabaseSettings};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let settings = DatabaseSettings::file(folder.path().join("data/app.db"));
    /// let database = Database::open(&settings, &Clock::system()).await?;
    /// database.probe().await?;
    /// database.close().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: what was opened is closed again.
    pub async fn open(settings: &DatabaseSettings, clock: &Clock) -> Result<Self, OpenError> {
        let location = locate(settings)?;
        let path = location.path();
        location.prepare().map_err(file_error)?;
        if let Some(filesystem) = network_filesystem(&path) {
            tracing::warn!(
                path = %path.display(),
                filesystem = filesystem.0,
                "the database lies on a network file system, where locks cannot be trusted: two writers \
                 may damage it; put it on a local disk"
            );
        }

        let options = Options {
            path: path.clone(),
            durable: location.is_durable(),
            busy_timeout: settings.pool_timeout,
        };
        let lane = |name, role, max, wait| {
            let statement_limit = Some(settings.statement_timeout);
            let (options, clock) = (options.clone(), clock.clone());
            Lane::new(LaneParts { name, role, max, wait, statement_limit, options, clock })
        };
        let inner = Inner {
            readers: lane("read", Role::Reader, settings.pool_max_size, settings.pool_timeout),
            writer: lane("write", Role::Writer, 1, settings.pool_timeout),
            prober: lane("probe", Role::Reader, 1, PROBE_LIMIT),
            _location: location,
        };
        let connect = |source| OpenError::Connect { path: path.clone(), source };

        // The writer first: it makes the file a database in WAL mode, which readers find and keep.
        warm_patiently(&inner.writer, clock).await.map_err(connect)?;
        let mode = journal_mode(&inner.writer).await.map_err(connect)?;
        if mode != "wal" {
            return Err(OpenError::NoWriteAheadLog { path, mode });
        }
        for _ in 0..settings.pool_min_size.min(settings.pool_max_size) {
            inner.readers.warm().await.map_err(connect)?;
        }
        inner.prober.warm().await.map_err(connect)?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

fn locate(settings: &DatabaseSettings) -> Result<Location, OpenError> {
    match (settings.url.kind(), settings.url.path()) {
        (DatabaseKind::Postgresql, _) => Err(OpenError::NotServed),
        (DatabaseKind::Sqlite, Some(path)) => Ok(Location::File(path.to_owned())),
        (DatabaseKind::Sqlite, None) => Location::temporary().map_err(file_error),
    }
}

fn file_error(error: PrepareError) -> OpenError {
    OpenError::File { path: error.path, source: error.source }
}

/// The change of a new file to WAL mode takes a lock that SQLite's own busy timeout does not wait for, so a
/// second process that starts at the same moment has to try again.
async fn warm_patiently(writer: &Lane, clock: &Clock) -> Result<(), DbError> {
    let deadline = clock.now() + writer.wait;
    loop {
        match writer.warm().await {
            Err(error) if error.kind() == DbErrorKind::Busy && clock.now() < deadline => {
                sleep(Duration::from_millis(5 + random::below(20))).await;
            }
            result => return result,
        }
    }
}

async fn journal_mode(writer: &Arc<Lane>) -> Result<String, DbError> {
    let mut lease = writer.lease().await?;
    query("pragma journal_mode").fetch_one(&mut lease.connection).await?.get(0)
}
