//! systemd, or whoever speaks like it: what it is told, and the sockets that it hands over.
//!
//! | systemd says | by | what follows |
//! |---|---|---|
//! | tell me when you are ready | `NOTIFY_SOCKET` | `READY=1`, `RELOADING=1`, `STOPPING=1`, `STATUS=…`, `MAINPID=…` |
//! | tell me that you are alive | `WATCHDOG_USEC`, `WATCHDOG_PID` | `WATCHDOG=1`, three times within that time, while it is true |
//! | here are your sockets | `LISTEN_FDS`, `LISTEN_FDNAMES`, `LISTEN_PID` | they are served instead of our own |
//!
//! These are no settings: nobody writes them but the manager itself, and nothing of them is left to choose.

mod listen;
mod notify;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use notify::NotifySocket;

pub use listen::ListenFdsError;
pub(super) use listen::{inherited, judge};

/// Whoever manages the process. Clones speak over one socket.
#[derive(Clone, Debug, Default)]
pub struct Manager {
    socket: Option<Arc<NotifySocket>>,
    pet_interval: Option<Duration>,
}

impl Manager {
    /// Nobody.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whoever started this process, by what stands in its environment.
    pub fn of_process() -> Self {
        Self::from_environment(|name| std::env::var_os(name), std::process::id())
    }

    /// The manager that these variables name. What is malformed is as good as not there, as with systemd's own library.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>, process: u32) -> Self {
        let socket = variable("NOTIFY_SOCKET").and_then(|address| NotifySocket::open(&address)).map(Arc::new);
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        // Without a process it is meant for any: so it is for one that took over from another.
        let is_ours = variable("WATCHDOG_PID").is_none() || number("WATCHDOG_PID") == Some(process.into());
        let micros = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0 && socket.is_some());
        Self { socket, pet_interval: micros.map(|micros| Duration::from_micros(micros) / 3) }
    }

    /// Whether there is somebody to tell.
    pub fn is_present(&self) -> bool {
        self.socket.is_some()
    }

    /// How often it wants to hear that the service is alive.
    pub fn pet_interval(&self) -> Option<Duration> {
        self.pet_interval
    }

    /// The service is ready, and this is how it is.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}\n", one_line(status)));
    }

    /// How the service is.
    pub fn status(&self, status: &str) {
        self.tell(&format!("STATUS={}\n", one_line(status)));
    }

    /// The service hands over to a new process.
    pub fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reloading\n"));
    }

    /// The service is another process from now on, and that one is ready.
    pub fn handed_over(&self, process: u32) {
        self.tell(&format!("MAINPID={process}\nREADY=1\n"));
    }

    /// The service stops.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=stopping\n");
    }

    /// The service is alive.
    pub fn pet(&self) {
        self.tell("WATCHDOG=1\n");
    }

    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(message) {
            tracing::debug!(%error, "the manager of the process was not told");
        }
    }
}

/// A line break would begin another assignment.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
