//! API tokens: how programs sign in.
//!
//! A token is `mst_`, 43 random characters and a checksum of six. The first ten random ones find its row, the other 33
//! open it: 196 bits. Only their hash is stored, so a token is shown once, when it is made. The checksum lets a typing
//! error be refused without a query, and a scanner of repositories be sure of what it found.
//!
//! A token has a role, a name, mostly an end, and an owner or none. It never does more than its owner may at that
//! moment, and nothing once its owner is disabled. It is taken from `Authorization: Bearer` alone, never from an
//! address.

mod last_used;
mod store;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::user::UserId;
use crate::Role;

pub use store::{ApiTokens, CreateTokenError, MAX_PER_OWNER, NewApiToken};
pub use text::{ApiTokenText, MalformedToken};

/// Names a token in lists and commands, and opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiTokenId(pub Uuid);

/// A token, as its owner sees it in a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// How it begins, to be recognised.
    pub begins: String,
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// Whose it is; none for those made on the command line.
    pub owner: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never where there is none.
    pub expires_at: Option<Timestamp>,
    /// When it was last used; may be behind by a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a request brought in `Authorization`.
#[derive(Debug, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// No such header, or one of another scheme.
    Nothing,
    /// A text that may be a token.
    Text(&'a str),
    /// Two headers, or one that cannot be read.
    Unclear,
}

impl<'a> Bearer<'a> {
    /// Reads the header.
    ///
    /// | `Authorization` | the request brought |
    /// |---|---|
    /// | absent | nothing |
    /// | another scheme than `Bearer`, in any case of letters | nothing |
    /// | `Bearer` and one text | that text |
    /// | `Bearer` and nothing, or with white space in it; not ASCII; two headers | nothing that can be judged |
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut lines = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return if headers.contains_key(header::AUTHORIZATION) { Self::Unclear } else { Self::Nothing };
        };
        let Ok(line) = line.to_str() else { return Self::Unclear };
        let (scheme, text) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Self::Nothing;
        }
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_whitespace) { Self::Unclear } else { Self::Text(text) }
    }
}

impl fmt::Display for ApiTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ApiTokenId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}
