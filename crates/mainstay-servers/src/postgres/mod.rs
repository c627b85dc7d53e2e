//! A PostgreSQL of one's own.

mod admin;
mod database;
mod disk;
mod options;
mod programs;
mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Port, Process};

use admin::Admin;

pub use database::{PostgresDatabase, SHARED_SERVER};
pub use options::PostgresOptions;

/// Debian's PostgreSQL on a port of the loopback, with its data in a temporary folder.
///
/// Its superuser is `postgres`, with a password. What is committed survives [`Postgres::kill`], for that kills the server
/// and not the machine; with [`PostgresOptions::durable`] it also goes through `fsync` as in production.
#[derive(Debug)]
pub struct Postgres {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    port: Port,
    admin: Admin,
    certificates: Option<Certificates>,
    /// The disk of its tables, when that is a small one.
    disk: Option<PathBuf>,
    folder: TempDir,
}

impl Postgres {
    /// Starts one that is fast rather than durable.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        Self::options().start()
    }

    /// How one can be started otherwise.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    /// A new database, on the server of this test run: `cargo xtask test` starts one and says where in
    /// [`SHARED_SERVER`]. Otherwise on a server of this process.
    ///
    /// # Panics
    ///
    /// When there is no server and none can be started.
    pub fn shared() -> PostgresDatabase {
        PostgresDatabase::on_shared_server()
    }

    /// A new, empty database. It is dropped with the value.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    pub fn create_database(&self) -> PostgresDatabase {
        PostgresDatabase::create(self.admin.clone(), None)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of a database of the superuser, with the password.
    pub fn url(&self, database: &str) -> String {
        self.admin.url(database)
    }

    /// The certificate of the authority that signed the server's, if it was started with TLS. The server's is valid for
    /// `localhost`, not for its number.
    pub fn authority(&self) -> Option<PathBuf> {
        self.certificates.as_ref().map(|certificates| certificates.authority.clone())
    }

    /// The temporary folder that holds its data, its socket and its certificates.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL as the superuser in the database `postgres`; the rows as lines, the columns between `|`.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        self.admin.sql("postgres", sql)
    }

    /// Stops all its processes where they stand, as `SIGSTOP` does.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Kills all its processes; it recovers when it is started again.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Fills the disk of [`PostgresOptions::small_disk`] to its last byte, as somebody else's files do it.
    ///
    /// # Panics
    ///
    /// When it has none, or does not answer.
    pub fn fill_disk(&self) {
        disk::fill(self.disk(), &self.admin);
    }

    /// Removes what [`Postgres::fill_disk`] has written.
    ///
    /// # Panics
    ///
    /// As [`Postgres::fill_disk`].
    pub fn free_disk(&self) {
        disk::free(self.disk(), &self.admin);
    }

    fn disk(&self) -> &Path {
        self.disk.as_deref().expect("PostgresOptions::small_disk gives it one")
    }

    /// Shuts it down in order, and ends the connections for that.
    pub fn stop(&self) {
        self.process.stop_by(crate::Stop::Interrupt);
    }

    /// Starts it again on the same port with the same data, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        self.process.start_again();
    }

    /// [`Postgres::stop`] and [`Postgres::start_again`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// The process: its output is the server's log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The server that all tests of this process share.
    fn of_this_process() -> Arc<Self> {
        static SERVER: std::sync::Mutex<std::sync::Weak<Postgres>> =
            std::sync::Mutex::new(std::sync::Weak::new());
        let mut server = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        server.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *server = Arc::downgrade(&started);
            started
        })
    }
}
