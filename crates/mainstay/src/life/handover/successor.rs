//! The side of the old process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::wire::{self, LONGEST_BYTES, Word};
use super::{STDIN, VARIABLE};

/// How long a new process that has let go of its socket has to end.
const ENDING: Duration = Duration::from_secs(1);

/// How often it is looked after meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// What was written for this process alone, and is not true of another.
const NOT_INHERITED: [&str; 4] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/// How this program was started, so that it can be again: the release that lies there then.
#[derive(Clone, Debug)]
pub(in crate::life) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

/// Why there is no new process.
#[derive(Debug, thiserror::Error)]
pub(in crate::life) enum SuccessorError {
    /// It could not be started.
    #[error("a new process could not be started")]
    Start(#[source] io::Error),
    /// It did not get the sockets.
    #[error("the new process was not given the sockets")]
    Give(#[source] io::Error),
    /// It said why.
    #[error("the new process did not start: {0}")]
    Failed(String),
    /// It did not.
    #[error("the new process ended before it was ready ({0}): its log says why")]
    Ended(String),
    /// It took too long.
    #[error("the new process was not ready within {0:?} (RELOAD_TIMEOUT), and was ended")]
    Late(Duration),
}

/// A new process. It is killed when this is dropped, unless it has taken over.
#[derive(Debug)]
pub(in crate::life) struct Successor {
    child: Option<Child>,
}

impl Program {
    /// This program, as it was called. A path is kept as it was written, not as it resolves now: the usual way to
    /// install a release is to point a symbolic link at it.
    pub(in crate::life) fn of_process() -> io::Result<Self> {
        let mut arguments = std::env::args_os();
        let called = arguments.next().map(PathBuf::from);
        let path = match called {
            Some(path) if path.components().count() > 1 => std::path::absolute(path)?,
            _ => std::env::current_exe()?,
        };
        Ok(Self { path, arguments: arguments.collect() })
    }

    /// Starts it, and waits until it serves at these sockets.
    ///
    /// # Errors
    ///
    /// See [`SuccessorError`]. The new process is gone then.
    ///
    /// # Cancel safety
    ///
    /// Safe: when this is dropped, the new process is killed.
    pub(in crate::life) async fn start(
        &self,
        sockets: Vec<(&'static str, OwnedFd)>,
        patience: Duration,
    ) -> Result<u32, SuccessorError> {
        let (ours, theirs) = UnixStream::pair().map_err(SuccessorError::Start)?;
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env(VARIABLE, STDIN).stdin(OwnedFd::from(theirs));
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        let child = command.spawn().map_err(SuccessorError::Start)?;
        // The command holds their end: as long as it is open here, the end of the new process would not be seen.
        drop(command);
        let mut successor = Successor { child: Some(child) };
        wire::send(&ours, &sockets).map_err(SuccessorError::Give)?;
        drop(sockets);
        match tokio::time::timeout(patience, successor.hear(ours)).await {
            Ok(ready) => ready,
            Err(_) => Err(SuccessorError::Late(patience)),
        }
    }
}

impl Successor {
    /// Waits for its word.
    async fn hear(&mut self, stream: UnixStream) -> Result<u32, SuccessorError> {
        let mut line = String::new();
        let heard = async {
            stream.set_nonblocking(true)?;
            let stream = tokio::net::UnixStream::from_std(stream)?;
            BufReader::new(stream.take(LONGEST_BYTES as u64)).read_line(&mut line).await
        };
        // A connection that broke is as good as one that ended.
        let _ = heard.await;
        match serde_json::from_str(line.trim()) {
            Ok(Word::Ready) => Ok(self.child.take().map_or(0, |child| child.id())),
            Ok(Word::Failed(reason)) => {
                self.ended().await;
                Err(SuccessorError::Failed(reason))
            }
            Err(_) => {
                let status =
                    self.ended().await.map_or_else(|| "killed".to_owned(), |status| status.to_string());
                Err(SuccessorError::Ended(status))
            }
        }
    }

    /// Waits a moment for its end.
    async fn ended(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        for _ in 0..ENDING.as_millis() / LOOK.as_millis() {
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
