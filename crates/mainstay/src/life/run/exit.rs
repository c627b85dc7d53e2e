//! How a process ends, in one number.

use std::process::ExitCode;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything ended in order and in time.
    Clean,
    /// 1: something was late, failed or panicked.
    Unclean,
    /// 2: the settings are wrong, or the start failed.
    NotStarted,
    /// 3: a second signal demanded the end at once.
    Forced,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Unclean => 1,
            Self::NotStarted => 2,
            Self::Forced => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
