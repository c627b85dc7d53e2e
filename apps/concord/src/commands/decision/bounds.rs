//! How large and how deep one thing may be.

use super::DomainError;
use crate::domain::{JsonSize, Resource, json_size};

/// The largest content of one thing, in bytes of JSON: what fits an event of the log, with room for its frame.
pub const MAX_CONTENT_BYTES: usize = (1 << 20) - 4096;

/// How deep the content of one thing may be nested. What is read is never deeper than 128 levels; the rest is
/// room for what stands around the content in the log, in an export and in the import of that export.
pub const MAX_CONTENT_DEPTH: usize = 100;

/// Checks that the content fits the log, and can be exported and imported again.
///
/// # Errors
///
/// [`DomainError::TooLarge`], [`DomainError::TooDeep`].
pub(in crate::commands) fn check_bounds<T: Resource>(content: &T) -> Result<(), DomainError> {
    let JsonSize { bytes, depth } = json_size(content);
    let (kind, name) = (T::KIND, || content.key().clone());
    if bytes > MAX_CONTENT_BYTES {
        let limit = MAX_CONTENT_BYTES;
        return Err(DomainError::TooLarge { kind, name: name(), bytes, limit });
    }
    if depth > MAX_CONTENT_DEPTH {
        return Err(DomainError::TooDeep { kind, name: name(), limit: MAX_CONTENT_DEPTH });
    }
    Ok(())
}
