//! A session as stores hold it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::data::SessionData;
use super::expiry::Expiry;
use super::token::{SecretHash, TokenId};
use crate::CsrfSecrets;

/// Longest name of a browser that is kept, in bytes.
const MAX_USER_AGENT_BYTES: usize = 256;

/// Names a session in lists and commands. It stays while tokens change, and proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// Names a user. It stays for ever, and is never given to another.
pub type UserId = Uuid;

/// How often the sessions of a user, or of everybody, were ended at once: sessions of an earlier epoch are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// How often a session's data was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub i64);

/// How sure it is that the user is who they say they are. The order is from less to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AuthLevel {
    /// They signed in.
    SignedIn = 1,
    /// They proved it once more in this session, for something that must not happen by a forgotten browser. How
    /// long ago says [`Subject::authenticated_at`].
    Confirmed = 2,
}

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The user.
    pub user: UserId,
    /// The user's epoch when they signed in.
    pub epoch: Epoch,
    /// How sure that is.
    pub level: AuthLevel,
    /// When they last proved it.
    pub authenticated_at: Timestamp,
}

/// Where a session began, as its owner will recognise it in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// What the browser calls itself: plain text of at most 256 bytes.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
}

/// A session as stores hold it.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// Its name, which stays.
    pub id: SessionId,
    /// The open half of its token.
    pub token: TokenId,
    /// The secret half, hashed.
    pub secret_hash: SecretHash,
    /// Whose it is; `None` while nobody has signed in.
    pub subject: Option<Subject>,
    /// How often its data was changed.
    pub generation: Generation,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen. Stores may be behind by a minute.
    pub last_seen_at: Timestamp,
    /// When it ends.
    pub expiry: Expiry,
    /// What its tokens against request forgery are made of.
    pub csrf: CsrfSecrets,
    /// Where it began.
    pub device: Device,
    /// What the application keeps in it.
    pub data: SessionData,
}

/// A session in the list of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its name.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen. May be behind by a minute.
    pub last_seen_at: Timestamp,
    /// When it ends.
    pub expiry: Expiry,
    /// Where it began.
    pub device: Device,
}

impl SessionRecord {
    /// What its owner sees of it in a list.
    pub fn summary(&self) -> SessionSummary {
        let Self { id, created_at, last_seen_at, expiry, .. } = *self;
        SessionSummary { id, created_at, last_seen_at, expiry, device: self.device.clone() }
    }

    /// The user, if somebody has signed in.
    pub fn user(&self) -> Option<UserId> {
        self.subject.map(|subject| subject.user)
    }
}

impl Generation {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Epoch {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl AuthLevel {
    /// The number that stores keep.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// From the number that a store kept.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::SignedIn, Self::Confirmed].into_iter().find(|level| level.number() == number)
    }
}

impl Device {
    /// Keeps what is fit to be shown: control characters are left out, and what is too long is cut.
    pub fn new(user_agent: Option<&[u8]>, address: Option<IpAddr>) -> Self {
        let user_agent = user_agent.map(|text| {
            let mut kept = String::new();
            for character in String::from_utf8_lossy(text).chars().filter(|character| !character.is_control())
            {
                if kept.len() + character.len_utf8() > MAX_USER_AGENT_BYTES {
                    break;
                }
                kept.push(character);
            }
            kept
        });
        Self { user_agent: user_agent.filter(|text| !text.is_empty()), address }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}
