//! From settings to a database that is open.

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use tokio::time::sleep;

use super::circuit::Circuit;
use super::held_up::LockWaits;
use super::lane::{Lane, LaneParts};
use super::{Database, Inner, OpenError, PROBE_LIMIT};
use crate::driver::{Connector, Role};
use crate::sqlite::{Location, Options, PrepareError, network_filesystem};
use crate::work::Scope;
use crate::{DatabaseSettings, DbError, DbErrorKind, Dialect, Work, query};

/// What all lanes of a database have in common.
struct Common<'a> {
    settings: &'a DatabaseSettings,
    connector: Connector,
    clock: &'a Clock,
    tasks: Tasks,
    circuit: Circuit,
}

impl Database {
    /// Opens a database. A SQLite file and its folder are created if they are not there.
    ///
    /// Several processes may open one database. Those of one SQLite file take turns in writing.
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
        match settings.url.dialect() {
            Dialect::Sqlite => open_file(settings, clock).await,
            #[cfg(feature = "postgres")]
            Dialect::Postgres => open_server(settings, clock).await,
            #[cfg(not(feature = "postgres"))]
            Dialect::Postgres => Err(OpenError::NotServed),
        }
    }
}

async fn open_file(settings: &DatabaseSettings, clock: &Clock) -> Result<Database, OpenError> {
    let location = match settings.url.path() {
        Some(path) => Location::File(path.to_owned()),
        None => Location::temporary().map_err(file_error)?,
    };
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
    let options =
        Options { path: path.clone(), durable: location.is_durable(), busy_timeout: settings.pool_timeout };
    let circuit = Circuit::new(settings, clock);
    let common = Common {
        settings,
        connector: Connector::Sqlite(options),
        clock,
        tasks: Tasks::new(),
        circuit: circuit.clone(),
    };
    let writer = common.lane(Work::Web, "writer", Role::Writer, 1, settings.pool_timeout);
    let inner = Inner {
        dialect: Dialect::Sqlite,
        lanes: Work::ALL.map(|work| common.lane_of(work)),
        writer: Some(Arc::clone(&writer)),
        circuit,
        lock_waits: LockWaits::default(),
        lock_limit: settings.pool_timeout,
        _location: Some(location),
    };
    let connect = |source| OpenError::Connect { path: path.clone(), source };

    // The writer first: it makes the file a database in WAL mode, which readers find and keep.
    warm_patiently(&writer, clock).await.map_err(connect)?;
    let mode = journal_mode(&writer).await.map_err(connect)?;
    if mode != "wal" {
        return Err(OpenError::NoWriteAheadLog { path, mode });
    }
    for _ in 0..settings.pool_min_size.min(settings.pool_max_size) {
        inner.lane(Work::Web).warm().await.map_err(connect)?;
    }
    inner.lane(Work::Health).warm().await.map_err(connect)?;
    Ok(Database { inner: Arc::new(inner), work: None })
}

#[cfg(feature = "postgres")]
async fn open_server(settings: &DatabaseSettings, clock: &Clock) -> Result<Database, OpenError> {
    use crate::postgres;

    let Some(address) = settings.url.server() else { return Err(OpenError::NotServed) };
    let refused = |problem: postgres::Refused| OpenError::Server {
        server: address.to_string(),
        reason: problem.reason,
        source: problem.source,
    };
    let options = postgres::Options::new(settings, address).map_err(refused)?;
    let circuit = Circuit::new(settings, clock);
    let common = Common {
        settings,
        connector: Connector::Postgres(Box::new(options)),
        clock,
        tasks: Tasks::new(),
        circuit: circuit.clone(),
    };
    let inner = Inner {
        dialect: Dialect::Postgres,
        lanes: Work::ALL.map(|work| common.lane_of(work)),
        writer: None,
        circuit,
        lock_waits: LockWaits::default(),
        lock_limit: settings.pool_timeout,
        _location: None,
    };
    let database = Database { inner: Arc::new(inner), work: None };
    let unusable = |error| refused(postgres::Refused::from(error));
    {
        let mut first = database.inner.lane(Work::Web).lease(Scope::new(), true).await.map_err(unusable)?;
        let wanted = Work::ALL.iter().map(|work| settings.connections_of(*work)).sum();
        postgres::examine(&mut first.connection, wanted).await.map_err(refused)?;
    }
    for _ in 1..settings.pool_min_size.min(settings.pool_max_size) {
        database.inner.lane(Work::Web).warm().await.map_err(unusable)?;
    }
    // Not the health lane: its connection is opened by the runtime that asks, so that it does not depend on ours.
    Ok(database)
}

impl Common<'_> {
    fn lane_of(&self, work: Work) -> Arc<Lane> {
        let wait = if work == Work::Health { PROBE_LIMIT } else { self.settings.pool_timeout };
        self.lane(work, work.as_str(), Role::Reader, self.settings.connections_of(work), wait)
    }

    fn lane(&self, work: Work, name: &'static str, role: Role, max: u32, wait: Duration) -> Arc<Lane> {
        Lane::new(LaneParts {
            work,
            circuit: self.circuit.clone(),
            name,
            role,
            max,
            wait,
            recycle: self.settings.pool_recycle,
            statement_limit: self.settings.statement_timeout,
            connector: self.connector.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
        })
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
    let mut lease = writer.lease(Scope::new(), true).await?;
    query("pragma journal_mode").fetch_one(&mut lease.connection).await?.get(0)
}
