//! Directories that know passwords which we do not.

use std::error::Error;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::password::Password;
use super::user::{Provider, UserName};
use crate::Role;

/// Verifies the passwords of users whom we do not keep: an LDAP directory, say.
///
/// A provider is asked about names that are not those of users of ours, and never about an empty password, which many
/// directories take for an anonymous visitor and welcome.
pub trait IdentityProvider: Send + Sync + 'static {
    /// What stands in the rows of its users.
    fn provider(&self) -> Provider;

    /// Whose password it is.
    ///
    /// # Errors
    ///
    /// See [`ProviderError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up; nothing was changed anywhere.
    fn verify<'a>(
        &'a self,
        name: &'a UserName,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>>;
}

/// What a directory says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no such name, or it has another password. Which of the two is not told.
    No,
    /// It is the password of somebody who has no role here (any more); under this name, where theirs can be one.
    NoRole(Option<UserName>),
    /// It is the password of this user.
    Yes(ExternalUser),
}

/// A user as a directory knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUser {
    /// The one name under which they are kept here, whatever they signed in with.
    pub name: UserName,
    /// What they may do, by their groups.
    pub role: Role,
}

/// A directory did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It cannot be reached, or said something that makes no sense.
    #[error("the directory cannot be asked")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It took too long.
    #[error("the directory did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Too many ask it already.
    #[error("too many ask the directory")]
    Overloaded,
    /// It does not let us in, or the settings do not fit it.
    #[error("the directory refused the service itself: {0}")]
    Refused(String),
}
