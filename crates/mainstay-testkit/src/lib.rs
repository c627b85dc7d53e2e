//! What tests of Mainstay services use.
//!
//! [`TestService`] runs a whole service on a free port, with a database in a temporary folder. Its [`Client`]
//! checks on every answer what must hold for all of them, and signs in by an API token where a test asks for a role. [`raw`] speaks to the socket below HTTP.
//!
//! [`servers`] are what stands around it: PostgreSQL, Redis and slapd, and a proxy that breaks connections.
//!
//! Nothing here is a stand-in: the service is the one that production runs, and so are its stores.

#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its ground gives way")]

mod browser;
mod client;
pub mod raw;
mod service;

pub use browser::Browser;
pub use client::{Answer, Client, NoAnswer, SECURITY_HEADERS};
/// What every store of sessions must do, for whoever writes another one.
pub use mainstay::session::conformance as session_conformance;
/// Throw-away servers, and a proxy that breaks connections.
pub use mainstay_servers as servers;
pub use service::TestService;
