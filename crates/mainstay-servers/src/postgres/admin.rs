//! Speaking to a server as its superuser, by `psql`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The superuser of a server.
#[derive(Clone)]
pub(super) struct Admin {
    psql: PathBuf,
    /// `postgres://user{:password}@host:port/`, or the folder of a socket.
    server: Server,
}

#[derive(Clone)]
enum Server {
    Address { user: String, password: String, host: String },
    Socket { folder: PathBuf, port: u16 },
}

impl Admin {
    pub(super) fn new(psql: PathBuf, address: SocketAddr, password: &str) -> Self {
        let server = Server::Address {
            user: "postgres".to_owned(),
            password: password.to_owned(),
            host: address.to_string(),
        };
        Self { psql, server }
    }

    pub(super) fn by_socket(psql: PathBuf, folder: &Path, port: u16) -> Self {
        Self { psql, server: Server::Socket { folder: folder.to_owned(), port } }
    }

    /// Reads `postgres://user:password@host:port/…`.
    pub(super) fn parse(psql: PathBuf, url: &str) -> Option<Self> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
        let (login, rest) = rest.split_once('@')?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let host = rest.split(['/', '?']).next()?;
        let server =
            Server::Address { user: user.to_owned(), password: password.to_owned(), host: host.to_owned() };
        Some(Self { psql, server })
    }

    pub(super) fn url(&self, database: &str) -> String {
        match &self.server {
            Server::Address { host, .. } => self.url_by(host, database),
            Server::Socket { folder, port } => {
                format!("postgres://postgres@/{database}?host={}&port={port}", folder.display())
            }
        }
    }

    /// The URL by another way to the server, such as a proxy.
    pub(super) fn url_by(&self, host: &str, database: &str) -> String {
        let (user, password) = match &self.server {
            Server::Address { user, password, .. } => (user.as_str(), password.as_str()),
            Server::Socket { .. } => ("postgres", ""),
        };
        format!("postgres://{user}:{password}@{host}/{database}")
    }

    /// Whether the server answers a query.
    pub(super) fn answers(&self) -> bool {
        self.run("postgres", "select 1").status.success()
    }

    /// Runs SQL; the rows as lines, the columns between `|`.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub(super) fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"))
    }

    /// # Errors
    ///
    /// What `psql` complains of.
    pub(super) fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let Output { status, stdout, stderr } = self.run(database, sql);
        if status.success() {
            Ok(String::from_utf8_lossy(&stdout).trim_end().to_owned())
        } else {
            Err(String::from_utf8_lossy(&stderr).into_owned())
        }
    }

    fn run(&self, database: &str, sql: &str) -> Output {
        let mut command = Command::new(&self.psql);
        command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"]);
        command
            .args(["--command", sql])
            .env_clear()
            .env("PGDATABASE", database)
            .env("PGCONNECT_TIMEOUT", "10");
        match &self.server {
            Server::Address { user, password, host } => {
                let (host, port) = host.rsplit_once(':').unwrap_or((host, "5432"));
                command.env("PGHOST", host).env("PGPORT", port).env("PGUSER", user);
                // Not as an argument, for all the machine can read those.
                command.env("PGPASSWORD", password);
            }
            Server::Socket { folder, port } => {
                command.env("PGHOST", folder).env("PGPORT", port.to_string()).env("PGUSER", "postgres");
            }
        }
        command.stdin(Stdio::null()).current_dir("/").output().expect("psql can be started")
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match &self.server {
            Server::Address { host, .. } => host,
            Server::Socket { .. } => "socket",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_given_for_other_databases_and_other_ways() {
        let admin = Admin::parse("psql".into(), "postgres://me:word@127.0.0.1:5555/postgres?sslmode=disable")
            .unwrap();
        assert_eq!(admin.url("a"), "postgres://me:word@127.0.0.1:5555/a");
        assert_eq!(admin.url_by("127.0.0.1:1", "b"), "postgres://me:word@127.0.0.1:1/b");
        assert!(Admin::parse("psql".into(), "sqlite::memory:").is_none());
    }
}
