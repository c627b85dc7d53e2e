//! Why a start failed, and what cures it.

use std::io;
use std::net::SocketAddr;

use mainstay_core::Chain;
use mainstay_core::settings::Problem;
use mainstay_db::{MigrationError, OpenError};

use crate::BuildError;
use crate::life::drain::Stopping;
use crate::life::handover::TakeoverError;
use crate::life::systemd::ListenFdsError;
use crate::routes::RouteProblem;

/// Why a start failed. What had been started was ended in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be opened.
    #[error("the database cannot be opened")]
    Connect(#[from] OpenError),
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The setting that names the address.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The sockets that systemd handed over cannot be used.
    #[error("the sockets that were handed over cannot be used")]
    Inherited(#[from] ListenFdsError),
    /// The sockets of the process before this one could not be taken.
    #[error("this process was started to take over from another one, and cannot")]
    Takeover(#[from] TakeoverError),
    /// The schema is not what the release needs, and could not be made so.
    #[error("the schema is not what this release needs")]
    Migrate(#[from] MigrationError),
    /// The application could not be built.
    #[error("the application could not be built")]
    Build(#[source] BuildError),
    /// The routes are wrong.
    #[error("the routes are wrong: {}", join(.0))]
    Routes(Vec<RouteProblem>),
    /// Waivers have expired, in a strict environment.
    #[error("waivers have expired: {}", .0.join(", "))]
    Expired(Vec<String>),
    /// This build holds drills, in a strict environment.
    #[error("this build holds drills")]
    Drills,
    /// The system gave no thread, signal handler or event queue.
    #[error("the system gives no {what}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A part of the start panicked, or the process was told to stop before it was ready.
    #[error("the start was broken off")]
    BrokenOff,
}

impl From<Stopping> for StartError {
    fn from(_: Stopping) -> Self {
        Self::BrokenOff
    }
}

impl StartError {
    /// The code of the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Drills => "MS0404",
            Self::Connect(error) => error.code().unwrap_or("MS0501"),
            Self::Listen { .. } => "MS0502",
            Self::Migrate(_) => "MS0503",
            Self::Build(_) => "MS0504",
            Self::Routes(_) => "MS0505",
            Self::Expired(_) => "MS0506",
            Self::System { .. } => "MS0507",
            Self::BrokenOff => "MS0508",
            Self::Inherited(_) => "MS0509",
            Self::Takeover(_) => "MS0510",
        }
    }

    /// The setting to look at, where one is at fault.
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Connect(_) => Some("DATABASE_URL"),
            Self::Listen { setting, .. } => Some(setting),
            _ => None,
        }
    }

    /// What the operator can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Connect(error) => error.help().to_owned(),
            Self::Migrate(error) => error.help().to_owned(),
            Self::Listen { setting, address, source } => listen_help(setting, *address, source),
            Self::Build(_) => "see the causes; `check --explain MS0504` says more".to_owned(),
            Self::Routes(_) => "correct the registrations: this is a mistake of the release".to_owned(),
            Self::Expired(_) => "build the control in, or give the waiver a new last day".to_owned(),
            Self::Inherited(_) => {
                "see the cause; `check --explain MS0509` says what systemd's unit must hold".to_owned()
            }
            Self::Takeover(_) => "start it as usual; only `reload` sets MAINSTAY_HANDOVER".to_owned(),
            Self::Drills => "build without the feature `drills`".to_owned(),
            Self::System { .. } => "raise the limit that the cause names".to_owned(),
            Self::BrokenOff => "see the log".to_owned(),
        }
    }

    /// The error as the diagnostic that the command line prints.
    pub fn problem(&self) -> Problem {
        let problem = Problem::error(self.code(), self.to_string()).help(self.help());
        let problem = self.setting().into_iter().fold(problem, Problem::at);
        let cause = std::error::Error::source(self).map(|cause| Chain(cause).to_string());
        cause.into_iter().fold(problem, Problem::because)
    }
}

fn listen_help(setting: &str, address: SocketAddr, error: &io::Error) -> String {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "end the process that listens there (`ss -ltnp 'sport = :{port}'` names it), or change {setting}"
            )
        }
        io::ErrorKind::PermissionDenied => format!("choose a port above 1023 in {setting}"),
        io::ErrorKind::AddrNotAvailable => {
            format!("name an address of this machine in {setting}; 0.0.0.0 means all of them")
        }
        _ => format!("see the cause, and {setting}"),
    }
}

fn join(problems: &[RouteProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
