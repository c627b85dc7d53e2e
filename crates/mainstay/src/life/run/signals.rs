//! The signals that a process listens to.

use std::io::{self, IsTerminal};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for `SIGTERM`, `SIGINT` and `SIGHUP`. From the first one on, the system's own answer to them is off, so
/// that the process can end in order also where it is the first of its container.
///
/// | signal | at a terminal | elsewhere |
/// |---|---|---|
/// | `SIGTERM`, `SIGINT` | stop | stop |
/// | `SIGHUP` | stop: the terminal is gone | hand over to a new process |
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    at_terminal: bool,
}

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Stop. This was the signal.
    Stop(&'static str),
    /// Hand over to a new process.
    Reload,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            at_terminal: io::stdin().is_terminal() || io::stderr().is_terminal(),
        })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Told::Stop("SIGINT"),
            _ = self.hang_up.recv() => {
                if self.at_terminal { Told::Stop("SIGHUP") } else { Told::Reload }
            }
        }
    }

    /// Waits for the next signal to stop.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub(super) async fn stop(&mut self) -> &'static str {
        loop {
            match self.next().await {
                Told::Stop(name) => return name,
                Told::Reload => {
                    tracing::info!("no reload: the process is starting, handing over or stopping");
                }
            }
        }
    }
}
