//! Users as rows.

use mainstay_db::{DbError, FromValue, Row, Value};

use super::{Provider, User, UserName};
use crate::Role;
use crate::identity::password::PasswordHash;

/// A statement that selects users, in the order of columns that [`user`] reads.
macro_rules! select_users {
    ($rest:literal) => {
        mainstay_db::query(concat!(
            "select id, name, provider, role, password_hash, password_ends_at, must_change, is_disabled, \
             created_at, changed_at from user_account ",
            $rest
        ))
    };
}
pub(super) use select_users;

/// Reads a row of [`select_users`].
pub(super) fn user(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        provider: row.get(2)?,
        role: row.get(3)?,
        password: row.get(4)?,
        password_ends_at: row.get(5)?,
        must_change: row.get(6)?,
        is_disabled: row.get(7)?,
        created_at: row.get(8)?,
        changed_at: row.get(9)?,
    })
}

impl FromValue<'_> for UserName {
    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value)?.parse().ok()
    }
}

impl FromValue<'_> for Provider {
    fn from_value(value: &Value) -> Option<Self> {
        Self::of(<&str>::from_value(value)?)
    }
}

impl FromValue<'_> for PasswordHash {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).map(Self::from_stored)
    }
}

impl FromValue<'_> for Role {
    fn from_value(value: &Value) -> Option<Self> {
        Self::named(<&str>::from_value(value)?)
    }
}
