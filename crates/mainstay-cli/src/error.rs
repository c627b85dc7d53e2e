//! How a command ends.

use std::error::Error;
use std::io;

use mainstay::life::StartError;
use mainstay_core::settings::Problem;
use mainstay_db::{DbError, DbErrorKind, MigrationError, OpenError};

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
    /// Another process held the lock of the database for longer than was waited for it. [`with_database`] says whose
    /// lock, and what to do.
    ///
    /// [`with_database`]: crate::with_database
    #[error("another process held the lock of the database for too long")]
    Busy(#[source] DbError),
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

impl CommandError {
    /// An error as the diagnostic that it is in its own room, but for one that is the same in all rooms: another
    /// process held the lock of the database, and nobody can say more about it than where to look.
    pub fn of<E: Error + 'static>(error: &E, problem: impl FnOnce(&E) -> Problem) -> Self {
        match busy(error) {
            Some(busy) => Self::Busy(busy.clone()),
            None => problem(error).into(),
        }
    }
}

/// The lock of somebody else among the causes, if that is what it came to.
fn busy<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a DbError> {
    let mut next = Some(error);
    while let Some(cause) = next {
        // A step of a migration that met somebody's lock has more to say: which step, and what became of it.
        if let Some(MigrationError::Failed { .. }) = cause.downcast_ref() {
            return None;
        }
        if let Some(error) = cause.downcast_ref::<DbError>() {
            return (error.kind() == DbErrorKind::Busy).then_some(error);
        }
        next = cause.source();
    }
    None
}

/// A command that needs what a start needs says it as a start would.
impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        Self::of(&error, StartError::problem)
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
