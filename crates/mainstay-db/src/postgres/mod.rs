//! The PostgreSQL driver: all that the rest of the crate knows of PostgreSQL, and the only place that names
//! tokio-postgres.
//!
//! Why not sqlx, which drives SQLite here: its PostgreSQL connection wants the types of parameters before the
//! server has said what it expects, so that a caller's integer could not become a `boolean` or a `timestamptz` by
//! itself; and it cannot cancel. tokio-postgres prepares first and encodes then, speaks the protocol's own cancel
//! request, and keeps the order of answers when a future is dropped half way. Pools and migrations are ours in any
//! case.

mod convert;
mod driver;
mod error;
mod examine;
mod options;
mod statements;
mod tls;

pub(crate) use driver::Driver;
pub(crate) use error::Refused;
pub(crate) use examine::examine;
pub(crate) use options::Options;
