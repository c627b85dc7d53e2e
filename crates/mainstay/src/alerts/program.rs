//! A program of the operator's own, which gets the alert on its standard input.
//!
//! No shell reads anything: the setting is the path of the program. It sees `PATH`, `ALERT_ID`, `ALERT_TOPIC` and
//! `ALERT_SUBJECT`, and nothing of our environment, which holds secrets. It is in a process group of its own, which
//! is killed when its time is over.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mainstay_core::Tasks;
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{Alert, SendError, Sender, to_json};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(15);

/// How often it is looked whether it has ended. Alerts are rare.
const LOOK: Duration = Duration::from_millis(20);

/// Most bytes of what it complains that are kept.
const COMPLAINT: usize = 500;

/// Most reads of that at one look: it may complain faster than anybody can read.
const READS: usize = 16;

/// A program that takes alerts.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    sender: Sender,
    tasks: Tasks,
    limit: Duration,
}

/// The program did not take it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It cannot be started.
    #[error("{} cannot be started", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be watched.
    #[error("it cannot be watched")]
    Watch(#[source] io::Error),
    /// It ended with another code than 0.
    #[error("it ended with {status}: {complaint}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The beginning of what it wrote to its standard error.
        complaint: String,
    },
    /// It took too long, and was killed.
    #[error("it was killed after {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The thread that watched it is gone.
    #[error("nobody watched it to its end")]
    Lost,
}

/// Ends the program when nobody waits for it any more.
struct Nobody(Arc<AtomicBool>);

impl Drop for Nobody {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Program {
    pub(super) fn new(path: PathBuf, sender: &Sender, tasks: &Tasks) -> Self {
        Self { path, sender: sender.clone(), tasks: tasks.clone(), limit: LIMIT }
    }

    /// With another time limit.
    #[cfg(test)]
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Starts the program, and waits for its end.
    pub(super) async fn send(&self, alert: &Alert<'_>) -> Result<(), SendError> {
        let input = to_json(alert, &self.sender)?;
        let mut command = Command::new(&self.path);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("ALERT_ID", alert.id.to_string())
            .env("ALERT_TOPIC", alert.topic)
            .env("ALERT_SUBJECT", alert.subject.replace('\0', " "))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (path, limit) = (self.path.clone(), self.limit);
        let given_up = Arc::new(AtomicBool::new(false));
        let nobody = Nobody(Arc::clone(&given_up));
        let watching = self.tasks.spawn_blocking("alert program", move || {
            let child = command.spawn().map_err(|source| ProgramError::Start { path, source })?;
            Watched::new(child, input).map_err(ProgramError::Watch)?.look_after(limit, &given_up)
        });
        let outcome = watching.await.unwrap_or(Err(ProgramError::Lost));
        drop(nobody);
        Ok(outcome?)
    }
}

/// A program that runs. Its pipes are never waited for: it may read late or not at all, complain without end, and
/// leave them to others.
struct Watched {
    child: Child,
    pid: Pid,
    stdin: Option<ChildStdin>,
    input: Vec<u8>,
    written: usize,
    stderr: Option<ChildStderr>,
    complaint: Vec<u8>,
}

impl Watched {
    fn new(mut child: Child, input: String) -> io::Result<Self> {
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        for pipe in [stdin.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)].into_iter().flatten()
        {
            ioctl_fionbio(pipe, true)?;
        }
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let (input, complaint) = (input.into_bytes(), Vec::new());
        Ok(Self { child, pid, stdin, input, written: 0, stderr, complaint })
    }

    /// Waits for the end, for a while; then it and whatever it started are killed.
    fn look_after(mut self, limit: Duration, given_up: &AtomicBool) -> Result<(), ProgramError> {
        let mut waited = Duration::ZERO;
        let in_time = loop {
            self.feed();
            self.listen();
            // It stays there as it ended until it is waited for: until then its number is nobody else's.
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            match waitid(WaitId::Pid(self.pid), look) {
                Ok(None) if waited >= limit || given_up.load(Ordering::Acquire) => break false,
                Ok(None) | Err(Errno::INTR) => {}
                Ok(Some(_)) | Err(_) => break true,
            }
            thread::sleep(LOOK);
            waited += LOOK;
        };
        let _ = kill_process_group(self.pid, Signal::KILL);
        let status = self.child.wait().map_err(ProgramError::Watch)?;
        self.listen();
        match in_time {
            false => Err(ProgramError::TimedOut(limit)),
            true if status.success() => Ok(()),
            true => {
                let complaint = String::from_utf8_lossy(&self.complaint).trim().to_owned();
                Err(ProgramError::Failed { status, complaint })
            }
        }
    }

    /// Writes as much as it takes now.
    fn feed(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        match stdin.write(&self.input[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // It does not want to read: its own decision.
            Err(_) => self.written = self.input.len(),
        }
        if self.written >= self.input.len() {
            // The end of its input.
            self.stdin = None;
        }
    }

    /// Reads what it complains, and keeps the beginning.
    fn listen(&mut self) {
        let Some(stderr) = &mut self.stderr else { return };
        let mut buffer = [0; 4_096];
        for _ in 0..READS {
            let Ok(count @ 1..) = stderr.read(&mut buffer) else { return };
            let room = COMPLAINT - self.complaint.len();
            self.complaint.extend_from_slice(&buffer[..count.min(room)]);
        }
    }
}
