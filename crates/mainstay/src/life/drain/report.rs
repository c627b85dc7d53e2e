//! What a drain left behind.

use std::fmt;
use std::time::Duration;

use super::Phase;

/// How a drain went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// From the begin to the end of the last phase.
    pub took: Duration,
    /// What did not end as it should, in the order of the drain.
    pub stragglers: Vec<Straggler>,
}

/// Something that did not end as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Straggler {
    /// The phase it belongs to.
    pub phase: Phase,
    /// The name it was registered under.
    pub name: &'static str,
    /// What was wrong.
    pub flaw: Flaw,
}

/// How something did not end as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It had not ended at its deadline, and was left behind.
    Late,
    /// It panicked.
    Panicked,
    /// It ended with this error.
    Failed(String),
}

impl DrainReport {
    /// Whether everything ended as it should.
    pub fn is_clean(&self) -> bool {
        self.stragglers.is_empty()
    }
}

/// One line that names what was late.
impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stragglers.as_slice() {
            [] => f.write_str("everything ended in time"),
            stragglers => {
                for (index, straggler) in stragglers.iter().enumerate() {
                    write!(f, "{}{straggler}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) {}", self.name, self.phase.as_str(), self.flaw)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("was late"),
            Self::Panicked => f.write_str("panicked"),
            Self::Failed(error) => write!(f, "failed: {error}"),
        }
    }
}
