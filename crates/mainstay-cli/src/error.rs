//! How a command ends.

use std::io;

use mainstay::life::StartError;
use mainstay_core::settings::Problem;
use mainstay_db::{MigrationError, OpenError};

/// What a command found that did what it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well: the program ends with 0.
    Good,
    /// What the command looked at is not as it should be: the program ends with 1.
    Bad,
}

/// Why a command did not do what it was asked to do: the program ends with 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The settings are wrong; the diagnostics are printed already.
    #[error("the settings are wrong")]
    Settings,
    /// It could not be done, and the command has said why.
    #[error("it could not be done")]
    Said,
    /// Something else is wrong; this will be printed.
    #[error("{}", .0.message)]
    Problem(Box<Problem>),
    /// The output cannot be written. A reader that has gone away is no error of the command: the program
    /// then ends with 0.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

/// A command that needs what a start needs says it as a start would.
impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        error.problem().into()
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        StartError::from(error).into()
    }
}

impl From<MigrationError> for CommandError {
    fn from(error: MigrationError) -> Self {
        StartError::from(error).into()
    }
}

impl Verdict {
    /// Good if the condition holds.
    pub fn good_if(condition: bool) -> Self {
        if condition { Self::Good } else { Self::Bad }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => 1,
        }
    }
}
