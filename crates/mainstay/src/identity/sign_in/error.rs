//! Why nobody was signed in.

use std::time::Duration;

use mainstay_core::random;
use mainstay_db::DbError;

use crate::identity::password::HashError;
use crate::identity::provider::ProviderError;
use crate::limits::Limited;
use crate::session::SessionError;
use crate::{ErrorCode, Refusal};

/// When to come back after a directory did not answer, and how much jitter is put on top.
const COME_BACK: Duration = Duration::from_secs(2);
const JITTER_MILLIS: u64 = 2_000;

/// Why nobody was signed in.
///
/// It becomes a [`Refusal`] by `?`:
///
/// | error | refusal |
/// |---|---|
/// | the credentials are not good, for whatever reason | `invalid_credentials` |
/// | too many attempts failed | `rate_limited`, with the time to wait |
/// | attempts cannot be counted | `store_unavailable`, with the time to wait |
/// | too many passwords are being hashed | `overloaded`, with the time to wait |
/// | the directory did not answer | `store_unavailable` |
/// | the database or the store of sessions did not answer | as theirs |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The credentials are not good. Why is for the audit log alone.
    #[error("the credentials are not valid")]
    Refused,
    /// Too many attempts failed, or nobody can say how many did.
    #[error("the attempt does not go")]
    Throttled(#[from] Limited),
    /// The password could not be verified or hashed.
    #[error("the password cannot be verified")]
    Hash(#[from] HashError),
    /// The directory did not answer.
    #[error("the directory does not say whether the password is right")]
    Provider(#[from] ProviderError),
    /// The database did not answer.
    #[error("the user cannot be looked for")]
    Database(#[from] DbError),
    /// The store of sessions did not answer.
    #[error("no session can be begun")]
    Session(#[from] SessionError),
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused => {
                Self::new(ErrorCode::InvalidCredentials).message("The name or the password is wrong.")
            }
            // The text is kept where the fault is ours.
            SignInError::Throttled(limited) => {
                Self::from(limited).message("Too many attempts to sign in have failed. Try again later.")
            }
            SignInError::Hash(error) => error.into(),
            SignInError::Provider(error) => Self::new(ErrorCode::StoreUnavailable)
                .retry_after(COME_BACK + Duration::from_millis(random::below(JITTER_MILLIS)))
                .because(error),
            SignInError::Database(error) => error.into(),
            SignInError::Session(error) => error.into(),
        }
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => {
                Self::new(ErrorCode::Overloaded).retry_after(retry_after).because(error)
            }
            error => Self::new(ErrorCode::InternalError).because(error),
        }
    }
}
