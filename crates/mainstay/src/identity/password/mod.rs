//! Passwords: which ones are taken, and how they are kept.
//!
//! A password is judged once, when somebody chooses it ([`judge`]), and then kept as an Argon2id hash alone. Hashing
//! is expensive on purpose, so a [`Hasher`] bounds it: its memory never exceeds a ceiling, and who would have to wait
//! too long is told to come back.

mod config;
mod generate;
mod hash;
mod hasher;
mod memory;
mod pace;
mod policy;
#[cfg(test)]
mod tests;

pub use config::PasswordSettings;
pub use generate::generate;
pub(crate) use hash::Parameters;
pub use hash::{HashError, PasswordHash};
pub use hasher::{Hasher, Load, Verified};
pub use policy::{ADVISED_CHARACTERS, MAX_BYTES, MIN_CHARACTERS, Weakness, judge};

use std::borrow::Cow;
use std::fmt;

use mainstay_core::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A password as somebody sent it: not printed, wiped when dropped.
#[derive(Clone)]
pub struct Password(Secret);

impl Password {
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(Secret::new(password))
    }

    /// The password itself. Each call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Password {
    fn schema_name() -> Cow<'static, str> {
        "Password".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}
