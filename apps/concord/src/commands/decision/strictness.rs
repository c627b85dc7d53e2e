//! What becomes of content that is not as it should be.

use serde::{Deserialize, Serialize};

use super::DomainError;
use crate::domain::Resource;
use crate::engine::Problem;

/// How content is judged: the `?validate=` of a request.
///
/// | content | default | lenient | strict |
/// |---|---|---|---|
/// | unusable: malformed rules, attributes that do not fit | refused | stored, marked `invalid` | refused |
/// | questionable: attributes that the schema does not define | stored, with `warnings` | the same | refused |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// What no evaluation could use is refused.
    #[default]
    Default,
    /// Nearly everything is stored.
    Lenient,
    /// Whatever is not as it should be is refused.
    Strict,
}

/// What came of it, where the content may be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is to be marked.
    pub invalid: bool,
    /// What the client should know.
    pub warnings: Vec<Problem>,
}

impl Strictness {
    /// Judges content by what a check of it found.
    ///
    /// # Errors
    ///
    /// [`DomainError::Invalid`], as the table says.
    pub fn judge<T: Resource>(
        self,
        mut problems: Vec<Problem>,
        mut warnings: Vec<Problem>,
    ) -> Result<Verdict, DomainError> {
        match self {
            Self::Strict => problems.append(&mut warnings),
            Self::Lenient if !problems.is_empty() => {
                problems.append(&mut warnings);
                return Ok(Verdict { invalid: true, warnings: problems });
            }
            Self::Default | Self::Lenient => {}
        }
        if problems.is_empty() {
            Ok(Verdict { invalid: false, warnings })
        } else {
            Err(DomainError::Invalid { kind: T::KIND, problems })
        }
    }
}
