//! A database of one test.

use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_core::random;

use super::Postgres;
use super::admin::Admin;
use super::programs::Programs;

/// The variable that holds the URL of the superuser on the server of a whole test run.
pub const SHARED_SERVER: &str = "MAINSTAY_TEST_POSTGRES";

/// An empty database that is dropped with this value.
#[derive(Debug)]
pub struct PostgresDatabase {
    admin: Admin,
    name: String,
    /// Its server, when that is to end with its last database.
    _server: Option<Arc<Postgres>>,
}

impl PostgresDatabase {
    pub(super) fn on_shared_server() -> Self {
        #[expect(clippy::disallowed_methods, reason = "it comes from the test runner, not from an operator")]
        let server = std::env::var(SHARED_SERVER);
        if let Ok(url) = server {
            let psql = Programs::find().psql();
            let admin = Admin::parse(psql, &url);
            let admin =
                admin.unwrap_or_else(|| panic!("{SHARED_SERVER} is not postgres://user:password@host:port"));
            return Self::create(admin, None);
        }
        let server = Postgres::of_this_process();
        Self::create(server.admin.clone(), Some(server))
    }

    pub(super) fn create(admin: Admin, server: Option<Arc<Postgres>>) -> Self {
        let name = format!("test_{:016x}", u64::from_le_bytes(random::bytes()));
        admin.sql("postgres", &format!("create database {name}"));
        Self { admin, name, _server: server }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, with the password.
    pub fn url(&self) -> String {
        self.admin.url(&self.name)
    }

    /// Its URL by another way to the server, such as a [`ChaosProxy`](crate::ChaosProxy).
    pub fn url_by(&self, address: SocketAddr) -> String {
        self.admin.url_by(&address.to_string(), &self.name)
    }

    /// Runs SQL in it as the superuser, on a connection of its own; the rows as lines, the columns between `|`.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        self.admin.sql(&self.name, sql)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A server that is gone has no database either.
        let _ =
            self.admin.try_sql("postgres", &format!("drop database if exists {} with (force)", self.name));
    }
}
