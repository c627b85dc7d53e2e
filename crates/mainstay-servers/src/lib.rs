//! Throw-away servers for tests.
//!
//! | | |
//! |---|---|
//! | [`Postgres`] | Debian's PostgreSQL; [`Postgres::shared`] gives each test a database of its own on one server |
//! | [`Redis`] | Debian's Redis, with nothing kept on disk |
//! | [`Slapd`] | Debian's LDAP directory, with TLS of its own authority |
//! | [`Nginx`] | Debian's nginx, with a configuration of the test's |
//! | [`MailServer`] | Debian's aiosmtpd, with TLS of its own authority and a user |
//! | [`ChaosProxy`] | stands between a client and a server, and breaks their connections when told to |
//! | [`Process`] | any other program that a test starts, breaks and ends |
//!
//! [`on_both_databases!`] makes one test two: on SQLite and on PostgreSQL.
//!
//! Nothing here is a stand-in: the servers are the ones that production runs. They live in a temporary folder, listen on
//! the loopback only, and end with the test, also when its process is killed. A program that is not installed is a
//! panic that names Debian's package, never a test that is silently skipped.
//!
//! ```no_run
//! use mainstay_servers::{ChaosProxy, Postgres};
//!
//! let postgres = Postgres::start();
//! let database = postgres.create_database();
//! let proxy = ChaosProxy::start(postgres.address());
//! let url = database.url_by(proxy.address());
//! // … a client connects to `url` …
//! proxy.cut();        // and is cut off,
//! proxy.pass();       // and may come again,
//! postgres.pause();   // and waits for an answer in vain,
//! postgres.resume();
//! postgres.kill();    // as the power cut does it
//! postgres.start_again();
//! ```

#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]

mod account;
mod both;
mod cache;
mod certificates;
mod chaos;
mod folder;
mod mail;
mod nginx;
mod password;
mod port;
mod postgres;
mod process;
mod program;
mod redis;
mod slapd;

pub use account::Account;
pub use both::{TEST_DATABASE, TestDatabase};
pub use chaos::{ChaosProxy, Direction};
pub use mail::{Mail, MailServer};
pub use nginx::{Nginx, NginxPlace};
pub use port::Port;
pub use postgres::{Postgres, PostgresDatabase, PostgresOptions, SHARED_SERVER};
pub use process::{Launch, Process, StartError, Stop};
pub use redis::Redis;
pub use slapd::{Slapd, SlapdOptions};
