//! One key for each purpose, all from `SECRET_KEY`.
//!
//! What is signed for one purpose is worthless for another: a token against request forgery never passes for a
//! session, however the two are made. The keys of a purpose come from the secrets by HKDF (RFC 5869) with
//! SHA-256, and sign with HMAC-SHA-256.
//!
//! `SECRET_KEY` signs and verifies. The keys of `SECRET_KEY_FALLBACKS` only verify, so what they signed stays good
//! while a key is being replaced, and ends with their removal.
//!
//! ```
//! use mainstay::keys::{Keys, Purpose};
//! use mainstay::settings::secret_key;
//!
//! let (former, current) = (secret_key::generate(), secret_key::generate());
//! let old = Keys::new(&former, &[]).purpose(Purpose::Session);
//! let new = Keys::new(&current, &[former]).purpose(Purpose::Session);
//!
//! let tag = old.sign(&[b"session", b"secret"]);
//! assert!(new.verify(&[b"session", b"secret"], &tag));
//! assert!(!new.verify(&[b"sessions", b"ecret"], &tag), "the parts are part of what is signed");
//! ```

mod mac;
#[cfg(test)]
mod tests;

use std::fmt;

use hkdf::Hkdf;
use mainstay_core::Secret;
use sha2::Sha256;
use zeroize::Zeroizing;

pub use mac::Mac;

use crate::settings::SecretKey;

/// Sets these keys apart from whatever else may be derived from the same secret. Changing it ends all sessions
/// and tokens.
const SALT: &[u8] = b"mainstay keys v1";

/// The bytes of a derived key, and of what it signs.
const KEY_BYTES: usize = 32;

/// What a key is for. The names never change: they are part of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The secrets of sessions, as they reach a store.
    Session,
    /// Tokens against request forgery.
    Csrf,
    /// What counts attempts without keeping names and addresses.
    Throttle,
}

/// The secrets that keys are derived from.
#[derive(Clone)]
pub struct Keys {
    /// The first one signs; all verify.
    secrets: Vec<Zeroizing<[u8; KEY_BYTES]>>,
}

impl Keys {
    /// Keys of a secret that signs and verifies, and of fallbacks that only verify.
    ///
    /// The secrets were judged when the settings were read.
    pub fn new(secret: &Secret, fallbacks: &[Secret]) -> Self {
        let secrets = std::iter::once(secret).chain(fallbacks).map(extract);
        Self { secrets: secrets.collect() }
    }

    /// The keys of a purpose. Deriving is work: call this once, not for each request.
    pub fn purpose(&self, purpose: Purpose) -> Mac {
        Mac::new(self.secrets.iter().map(|secret| expand(secret, purpose)))
    }
}

impl From<&SecretKey> for Keys {
    fn from(settings: &SecretKey) -> Self {
        Self::new(&settings.current, &settings.fallbacks)
    }
}

impl Purpose {
    /// What makes the keys of a purpose differ from all others.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Csrf => b"csrf",
            Self::Throttle => b"throttle",
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(redacted)")
    }
}

/// A key of even randomness, whatever the secret looks like.
fn extract(secret: &Secret) -> Zeroizing<[u8; KEY_BYTES]> {
    let (key, _) = Hkdf::<Sha256>::extract(Some(SALT), secret.expose().as_bytes());
    Zeroizing::new(key.into())
}

fn expand(secret: &[u8; KEY_BYTES], purpose: Purpose) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let expanded = Hkdf::<Sha256>::from_prk(secret).map(|hkdf| hkdf.expand(purpose.label(), &mut *key));
    // Both lengths are constants that fit; a key of zeros must never be used.
    assert!(matches!(expanded, Ok(Ok(()))), "HKDF-SHA-256 takes and gives 32 bytes");
    key
}
