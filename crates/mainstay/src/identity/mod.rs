//! Who somebody is, and what they may do.

mod audit;
mod authorise;
mod callers;
#[expect(clippy::module_inception, reason = "the room is named for the thing in it")]
mod identity;
pub mod password;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod user;

pub use authorise::authorise;
pub(crate) use callers::Caller;
pub use callers::{Callers, People};
pub use identity::{How, Identity};
pub use token::{
    ApiToken, ApiTokenId, ApiTokenText, ApiTokens, Bearer, CreateTokenError, MAX_PER_OWNER, MalformedToken,
    NewApiToken,
};
pub use user::{CreateUserError, InvalidUserName, NewPassword, Provider, User, UserId, UserName, Users};
