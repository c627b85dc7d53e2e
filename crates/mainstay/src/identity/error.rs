//! Why an account was not changed.

use mainstay_db::DbError;

use super::password::{HashError, Weakness};
use super::sign_in::SignInError;
use super::token::CreateTokenError;
use super::user::CreateUserError;
use crate::session::SessionError;
use crate::{Detail, ErrorCode, Refusal};

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is a user of that name.
    #[error("there is a user of that name")]
    Taken,
    /// There is no such user (any more).
    #[error("there is no such user")]
    NoUser,
    /// A directory knows the password; it can be changed there.
    #[error("the password is kept by a directory, and changed there")]
    NotOurs,
    /// A directory gives the role; it would be replaced at the next sign-in.
    #[error("the role is given by a directory, and changed there")]
    RoleNotOurs,
    /// The password was changed by somebody else meanwhile.
    #[error("the password was changed meanwhile")]
    Superseded,
    /// The new password is not taken.
    #[error(transparent)]
    Weak(#[from] Weakness),
    /// The password cannot be hashed.
    #[error("the password cannot be hashed")]
    Hash(#[from] HashError),
    /// The old password was not proved.
    #[error("the old password is not proved")]
    SignIn(#[from] SignInError),
    /// The database did not answer.
    #[error("the account cannot be stored")]
    Database(#[from] DbError),
    /// The store of sessions did not answer.
    #[error("the sessions cannot be changed")]
    Session(#[from] SessionError),
}

impl From<CreateUserError> for AccountError {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Taken => Self::Taken,
            CreateUserError::Database(error) => Self::Database(error),
        }
    }
}

/// | error | refusal |
/// |---|---|
/// | the name is taken, the password or the role is a directory's, or the password was changed meanwhile | `conflict` |
/// | the user is gone | `unauthenticated` |
/// | the new password is weak | `validation_failed`, with the field `new_password` and why |
/// | the rest | as theirs |
impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Taken
            | AccountError::NotOurs
            | AccountError::RoleNotOurs
            | AccountError::Superseded => Self::new(ErrorCode::Conflict).message(capitalised(&error)),
            AccountError::NoUser => Self::new(ErrorCode::Unauthenticated),
            AccountError::Weak(weakness) => Self::new(ErrorCode::ValidationFailed)
                .message(capitalised(&weakness))
                .detail(Detail::new("new_password", weakness.code(), weakness.to_string())),
            AccountError::Hash(error) => error.into(),
            AccountError::SignIn(error) => error.into(),
            AccountError::Database(error) => error.into(),
            AccountError::Session(error) => error.into(),
        }
    }
}

/// | error | refusal |
/// |---|---|
/// | the name or the end | `validation_failed`, with the field |
/// | too many | `conflict` |
/// | the database | as its own |
impl From<CreateTokenError> for Refusal {
    fn from(error: CreateTokenError) -> Self {
        let invalid = |field: &str, error: &CreateTokenError| {
            Self::new(ErrorCode::ValidationFailed).detail(Detail::new(field, "invalid", error.to_string()))
        };
        match error {
            CreateTokenError::Name => invalid("name", &error),
            CreateTokenError::Past => invalid("expires_at", &error),
            CreateTokenError::TooMany => Self::new(ErrorCode::Conflict).message(capitalised(&error)),
            CreateTokenError::Database(error) => error.into(),
        }
    }
}

/// A sentence for a client of an error's own words.
fn capitalised(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}
