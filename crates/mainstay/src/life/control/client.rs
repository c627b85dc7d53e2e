//! The side of a command.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LONGEST_BYTES, Reply, Request};

/// Why the running process gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Nobody listens there, or not for us.
    #[error("no service answers at {}", .path.display())]
    Connect {
        /// The control socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke, or the answer did not come in time.
    #[error("the service at {} gave no answer", .path.display())]
    Exchange {
        /// The control socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Asks the process behind a control socket. Blocks; needs no runtime.
///
/// # Errors
///
/// See [`ControlError`]. A refusal is an answer.
pub fn ask(path: &Path, request: &Request, patience: Duration) -> Result<Reply, ControlError> {
    let connect = |source| ControlError::Connect { path: path.to_owned(), source };
    let exchange = |source| ControlError::Exchange { path: path.to_owned(), source };
    let mut stream = UnixStream::connect(path).map_err(connect)?;
    stream.set_read_timeout(Some(patience)).map_err(exchange)?;
    stream.set_write_timeout(Some(patience)).map_err(exchange)?;
    let mut line = serde_json::to_string(request).map_err(|error| exchange(error.into()))?;
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(exchange)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST_BYTES)).read_line(&mut answer).map_err(exchange)?;
    serde_json::from_str(&answer).map_err(|error| exchange(error.into()))
}
