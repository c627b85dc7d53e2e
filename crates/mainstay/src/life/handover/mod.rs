//! Handing over to a new process: `reload`.
//!
//! | step | the old process | the new one |
//! |---|---|---|
//! | 1 | starts the new one, with one end of a socket pair as its standard input | |
//! | 2 | sends the listening sockets through it | takes them; binds what its settings name beside them |
//! | 3 | serves | opens the database, demands a current schema, builds the application |
//! | 4 | serves | is ready: serves, and says so |
//! | 5 | accepts nothing more; each answer is the last of its connection | serves |
//! | 6 | drains as it always does, and ends | serves |
//!
//! The sockets are never closed, so nobody is refused; who stands in their queue is served by whichever process takes
//! them. Where the new process ends, says that it failed, or is not ready within `RELOAD_TIMEOUT`, the old one goes
//! on as if nothing had been.
//!
//! For a moment both processes work on one store. What that takes is judged before ([`Obstacle`]): a store that lives
//! in the old process would be lost with it. A schema is never changed by a reload.

mod obstacle;
mod predecessor;
mod successor;
#[cfg(test)]
mod tests;
mod wire;

pub use obstacle::Obstacle;
pub(super) use obstacle::obstacle;
pub(super) use predecessor::Predecessor;
pub use predecessor::TakeoverError;
pub(super) use successor::Program;

/// Tells a new process that its standard input is the socket of the old one.
const VARIABLE: &str = "MAINSTAY_HANDOVER";

/// What [`VARIABLE`] is then.
const STDIN: &str = "stdin";
