//! How a program is started.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Process;
use crate::Account;

/// What is started, how, and when it counts as ready.
///
/// The program gets no environment but what is given here and the search path: a setting of the machine does not
/// reach a test.
pub struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) folder: Option<PathBuf>,
    pub(super) account: Option<Account>,
    pub(super) stop: Stop,
    pub(super) patience: Duration,
    pub(super) ready: Ready,
}

pub(super) type Ready = Box<dyn Fn(&Process) -> bool + Send + Sync>;

/// The signal that asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `SIGTERM`.
    Terminate,
    /// `SIGINT`.
    Interrupt,
    /// `SIGQUIT`.
    Quit,
}

/// A program that did not become ready; says what it printed.
#[derive(Debug)]
pub struct StartError {
    pub(super) program: PathBuf,
    pub(super) how: String,
    pub(super) output: String,
}

impl Launch {
    /// This program, ready as soon as it runs.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            account: None,
            stop: Stop::Terminate,
            patience: Duration::from_secs(30),
            ready: Box::new(|_| true),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The folder it runs in. It is removed when the test's process is killed; otherwise that is up to its owner.
    #[must_use]
    pub fn temporary_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Whom it runs as.
    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// The signal that asks it to end; `SIGTERM` if nothing is said.
    #[must_use]
    pub fn stop_by(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// When it counts as ready: asked after each line it prints and every few milliseconds, for thirty seconds at most.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn(&Process) -> bool + Send + Sync + 'static) -> Self {
        self.ready = Box::new(ready);
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it ends before it is ready, or takes too long.
    ///
    /// # Panics
    ///
    /// When there is no such program.
    pub fn start(self) -> Result<Process, StartError> {
        Process::start(self)
    }
}

impl StartError {
    /// Whether the port was taken by somebody else in the meantime, so that another one is worth a try.
    pub fn is_address_in_use(&self) -> bool {
        self.output.to_lowercase().contains("address already in use")
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, how, output } = self;
        write!(formatter, "{} {how}. It printed:\n{output}", program.display())
    }
}

impl std::error::Error for StartError {}
