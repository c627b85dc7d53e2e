//! The side of the new process.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::wire::{self, Word};
use super::{STDIN, VARIABLE};
use crate::life::systemd::{ListenFdsError, judge};
use crate::life::{Inherited, StartError};

/// How long the old process has for what it sends at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest reason that is told.
const LONGEST_REASON_CHARS: usize = 1_000;

/// Why the sockets of the process before this one could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeoverError {
    /// Nothing came, or nothing that is understood.
    #[error("{VARIABLE} is set, and the process before this one sent no sockets through standard input")]
    Nothing(#[source] io::Error),
    /// What came is no listening TCP socket.
    #[error(transparent)]
    Socket(#[from] ListenFdsError),
}

/// The process before this one, which waits to hear that this one is ready.
#[derive(Debug)]
pub(in crate::life) struct Predecessor {
    stream: UnixStream,
}

impl Predecessor {
    /// The process that started this one to hand over to it, and its sockets; `None` where nobody did.
    ///
    /// # Errors
    ///
    /// See [`TakeoverError`].
    pub(in crate::life) fn of_process() -> Result<Option<(Self, Inherited)>, TakeoverError> {
        if std::env::var_os(VARIABLE).is_none_or(|value| value != STDIN) {
            return Ok(None);
        }
        let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(TakeoverError::Nothing)?;
        Self::at(stdin.into()).map(Some)
    }

    pub(super) fn at(stream: UnixStream) -> Result<(Self, Inherited), TakeoverError> {
        let received = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| wire::receive(&stream));
        let sockets = received.map_err(TakeoverError::Nothing)?.into_iter().enumerate();
        let sockets = sockets.map(|(number, (name, socket))| Ok((Some(name), judge(socket, number)?)));
        let sockets = sockets.collect::<Result<_, ListenFdsError>>()?;
        Ok((Self { stream }, Inherited::of_predecessor(sockets)))
    }

    /// Tells it that this process serves.
    pub(in crate::life) fn ready(self) {
        self.say(&Word::Ready);
    }

    /// Tells it that this process does not, and why.
    pub(in crate::life) fn failed(self, error: &StartError) {
        let reason = format!("{} {}", error.code(), mainstay_core::Chain(error));
        self.say(&Word::Failed(reason.chars().take(LONGEST_REASON_CHARS).collect()));
    }

    fn say(mut self, word: &Word) {
        let line = serde_json::to_string(word).unwrap_or_default();
        // It may be gone: then there is nobody to tell, and this process is all there is.
        if let Err(error) = writeln!(self.stream, "{line}") {
            tracing::warn!(%error, "the process before this one was not told");
        }
    }
}
