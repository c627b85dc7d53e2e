//! Who may sign in.

mod name;
mod row;
mod store;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use uuid::Uuid;

use super::password::PasswordHash;
use crate::Role;

pub use name::{InvalidUserName, UserName};
pub use store::{CreateUserError, Users};

/// The id of a user: a UUID of version 7.
pub type UserId = Uuid;

/// A user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct User {
    /// The id, which never changes.
    pub id: UserId,
    /// The name.
    pub name: UserName,
    /// Who knows the password.
    pub provider: Provider,
    /// What they may do.
    pub role: Role,
    /// The hash of their password; none where a directory knows it.
    pub password: Option<PasswordHash>,
    /// When a password that was made for them ends, if they have not changed it by then.
    pub password_ends_at: Option<Timestamp>,
    /// Whether they must change the password before they may do anything else.
    pub must_change: bool,
    /// Whether they may not sign in.
    pub is_disabled: bool,
    /// When they were created.
    pub created_at: Timestamp,
    /// When anything of this was changed last.
    pub changed_at: Timestamp,
}

/// Who knows the password of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// We do.
    Local,
    /// An LDAP directory does.
    Ldap,
}

/// A password that is set: its hash, and whether somebody else than the user knows it.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// The hash.
    pub hash: PasswordHash,
    /// When it ends, if it was made for the user: it must then be changed at the first sign-in.
    pub ends_at: Option<Timestamp>,
}

impl Provider {
    /// The name in stores, listings and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Ldap => "ldap",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Local, Self::Ldap].into_iter().find(|provider| provider.as_str() == name)
    }
}
