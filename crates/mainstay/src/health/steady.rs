//! Keeps what is said of a dependency from flapping.

use super::check::{Condition, Finding};

/// So many findings in a row are needed before something healthy is called otherwise.
const TO_FALL: u32 = 2;

/// So many healthy findings in a row are needed before something is called healthy again.
const TO_RISE: u32 = 2;

/// What is said of a dependency, given what was found.
///
/// | said | found | then said |
/// |---|---|---|
/// | nothing yet | anything | what was found |
/// | healthy | worse, once | healthy |
/// | healthy | worse, twice in a row | what was found last |
/// | degraded or unhealthy | healthy, once | as before |
/// | degraded or unhealthy | healthy, twice in a row | healthy |
/// | degraded or unhealthy | the other of the two | what was found |
#[derive(Clone, Debug, Default)]
pub(super) struct Steady {
    said: Option<Finding>,
    contrary: u32,
}

impl Steady {
    /// Takes a finding in, and tells what is to be said now.
    pub(super) fn take(&mut self, found: Finding) -> Finding {
        let is_healthy = |finding: &Finding| finding.condition() == Condition::Healthy;
        let said = match self.said.take() {
            Some(said) if is_healthy(&said) != is_healthy(&found) => {
                self.contrary += 1;
                let needed = if is_healthy(&said) { TO_FALL } else { TO_RISE };
                if self.contrary < needed {
                    said
                } else {
                    self.contrary = 0;
                    found
                }
            }
            _ => {
                self.contrary = 0;
                found
            }
        };
        self.said.insert(said).clone()
    }
}
