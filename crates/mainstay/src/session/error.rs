//! Why a session could not do what it was asked for.

use std::time::Duration;

use mainstay_core::random;

use super::data::{DataTooLarge, MAX_NAME_BYTES};
use super::store::StoreError;
use crate::{ErrorCode, Refusal};

/// Why a session could not do what it was asked for.
///
/// It becomes a [`Refusal`] by `?`:
///
/// | error | refusal |
/// |---|---|
/// | the store did not answer, now or when the session was looked for | `store_unavailable` |
/// | nobody is signed in, or all sessions of the user were ended meanwhile | `unauthenticated` |
/// | the rest: mistakes of the application | `internal_error` |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The store did not answer.
    #[error("the session cannot be stored")]
    Store(#[from] StoreError),
    /// The store did not answer when the session was looked for, so nobody knows what is in it.
    #[error("the session could not be looked for, and so cannot be changed")]
    Unknown,
    /// Too many others changed the session at the same time.
    #[error("the session was changed by others time and again")]
    Contended,
    /// All sessions of the user were ended since their epoch was read.
    #[error("all sessions of the user were ended meanwhile")]
    Superseded,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The answer is on its way: what is changed now would be lost.
    #[error("the session was changed after it had been stored")]
    TooLate,
    /// The name of a value is empty or too long.
    #[error("the name of a session's value has 1 to {MAX_NAME_BYTES} bytes")]
    Name,
    /// The values take more room than a session has.
    #[error("the session has no room for the value")]
    TooLarge(#[from] DataTooLarge),
    /// A value does not become JSON, or what is stored does not become the value.
    #[error("the value {name} of the session is not of the wanted type")]
    Value {
        /// The name of the value.
        name: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// The task that changed the session panicked.
    #[error("the session's change was broken off")]
    BrokenOff,
}

/// When to come back after the store did not answer; up to twice this, so that not all come back at once.
const COME_BACK: Duration = Duration::from_secs(1);

impl SessionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(StoreError::TooLarge(_)) => ErrorCode::InternalError,
            Self::Store(_) | Self::Unknown | Self::Contended => ErrorCode::StoreUnavailable,
            Self::Superseded | Self::NotSignedIn => ErrorCode::Unauthenticated,
            Self::TooLate | Self::Name | Self::TooLarge(_) | Self::Value { .. } | Self::BrokenOff => {
                ErrorCode::InternalError
            }
        }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let refusal = Self::new(error.code());
        let refusal = match error.code() {
            ErrorCode::StoreUnavailable => {
                let jitter = random::below(u64::try_from(COME_BACK.as_millis()).unwrap_or(0));
                refusal.retry_after(COME_BACK + Duration::from_millis(jitter))
            }
            _ => refusal,
        };
        refusal.because(error)
    }
}
