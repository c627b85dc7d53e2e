//! What becomes of content that is not as it should be.

use std::io;

use serde::{Deserialize, Serialize};

use super::{DomainError, Resource};
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

/// The largest content of one thing, in bytes of JSON: what fits an event of the log with some room to spare.
pub const MAX_CONTENT_BYTES: usize = (1 << 20) - 4096;

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

/// Checks that the content fits an event of the log.
///
/// # Errors
///
/// [`DomainError::TooLarge`].
pub fn check_size<T: Resource>(content: &T) -> Result<(), DomainError> {
    let mut counter = Counter(0);
    // A counter takes everything; what cannot be written as JSON the log refuses by itself.
    let _ = serde_json::to_writer(&mut counter, content);
    let (bytes, limit) = (counter.0, MAX_CONTENT_BYTES);
    if bytes <= limit {
        return Ok(());
    }
    Err(DomainError::TooLarge { kind: T::KIND, name: content.key().clone(), bytes, limit })
}

/// Counts what is written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
