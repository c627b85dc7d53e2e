//! Who somebody is, and what they may do.
//!
//! [`Accounts`] is the service: users with their passwords, API tokens, and the way from a name and a password to a
//! session. An [`Identity`] is what a session or a token proves, and [`authorise`] says what it may do.
//!
//! # What holds
//!
//! - **Passwords are Argon2id hashes**, made and verified within a ceiling of memory; who would wait too long gets 503.
//! - **A refusal costs what a success costs**, and says nothing of why: neither the answer nor its time tells who has
//!   an account.
//! - **Guessing is slowed down** by delays that nobody can turn against somebody else.
//! - **There is no account to begin with**, but for the demo operator of an empty database in development, whose
//!   password is made up and shown once.
//! - **Tokens are stored as hashes**, belong to somebody or nobody, and never do more than their owner may.
//! - **Whatever takes rights away ends sessions**: a disabled user, another role, another password.

mod accounts;
pub(crate) mod audit;
mod authorise;
mod callers;
mod demo;
mod directory;
mod error;
mod explanations;
#[expect(clippy::module_inception, reason = "the room is named for the thing in it")]
mod identity;
#[cfg(feature = "ldap")]
pub mod ldap;
pub mod password;
pub mod provider;
pub mod routes;
mod sign_in;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod user;

pub use accounts::{AccountParts, Accounts, ChangePassword, INITIAL_PASSWORD_LIFETIME};
pub use authorise::authorise;
pub(crate) use callers::Caller;
pub use callers::{Callers, People};
pub use demo::DemoOperator;
pub use directory::{DirectoryError, DirectorySettings};
pub use error::AccountError;
pub(crate) use explanations::EXPLANATIONS;
pub use identity::{How, Identity};
pub use password::{Password, PasswordSettings};
pub use sign_in::{SignInError, SignedIn};
pub use token::{
    ApiToken, ApiTokenId, ApiTokenText, ApiTokens, Bearer, CreateTokenError, MAX_PER_OWNER, MalformedToken,
    NewApiToken,
};
pub use user::{CreateUserError, InvalidUserName, NewPassword, Provider, User, UserId, UserName, Users};
