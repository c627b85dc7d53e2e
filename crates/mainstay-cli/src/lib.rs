//! The command line of a Mainstay service.
//!
//! ```no_run
//! use std::process::ExitCode;
//! # use mainstay::{BuildError, Json, Routes, life::App};
//! # use mainstay_db::Migrations;
//! # struct Hello;
//! # impl mainstay::Service for Hello {
//! #     const NAME: &'static str = "hello";
//! #     const VERSION: &'static str = "1.0.0";
//! #     const ABOUT: &'static str = "Greets whoever asks.";
//! #     type Settings = ();
//! #     type State = ();
//! #     fn routes(&self) -> Routes<()> { Routes::new() }
//! #     fn migrations(&self) -> Migrations { Migrations::new() }
//! #     async fn build(&self, _: &mut App<()>) -> Result<(), BuildError> { Ok(()) }
//! # }
//!
//! fn main() -> ExitCode {
//!     mainstay_cli::run(Hello)
//! }
//! ```
//!
//! gives the program `serve` (what it does when nothing is said), `check`, `settings`, `secret`, `routes`,
//! `migrate`, `user`, `token`, `session`, `worker`, `reload`, `openapi`, `reference` and `health`. [`Cli`] adds commands of the
//! application's own; those that work on the database open it by [`with_database`], as all others do.
//!
//! Data goes to standard output and talk to standard error. The program ends with 0 when all is well, with 1
//! when what it was asked to look at is not, and with 2 when it failed itself, or its arguments or settings
//! are wrong; whoever stops reading early gets 0. `serve` ends as [`mainstay::life::Exit`] says.

mod accounts;
mod arguments;
mod check;
mod cli;
mod console;
mod context;
mod control;
mod database;
pub mod diagnostics;
mod error;
mod explain;
mod health;
mod migrate;
mod openapi;
mod reference;
mod routes;
mod secret;
mod serve;
mod settings;

pub use cli::{Cli, run};
pub use console::Console;
pub use context::{Context, Surroundings, block_on};
pub use database::{Schema, with_database};
pub use error::{CommandError, Verdict};
