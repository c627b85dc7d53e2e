//! Who somebody is, and what they may do.

pub mod password;
#[cfg(test)]
mod tests;
mod user;

pub use user::{CreateUserError, InvalidUserName, NewPassword, Provider, User, UserId, UserName, Users};
