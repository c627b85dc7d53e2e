//! What a session keeps so that tokens can be made for it.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_core::random;
use zeroize::Zeroizing;

/// The bytes of a secret.
const BYTES: usize = 32;

/// How long tokens of a session's former secret are accepted: pages that were open when it changed keep working.
const OVERLAP: Duration = Duration::from_mins(10);

/// A random secret that tokens are bound to. It never leaves the service: a token is a keyed hash of it.
#[derive(Clone)]
pub struct CsrfSecret(Zeroizing<[u8; BYTES]>);

/// The secret of a session, and the one it had before.
///
/// A store keeps both beside the session and gives them back with [`CsrfSecrets::restore`].
#[derive(Clone, Debug)]
pub struct CsrfSecrets {
    current: CsrfSecret,
    previous: Option<(CsrfSecret, Timestamp)>,
}

impl CsrfSecret {
    /// A new secret of 256 random bits.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// The secret that a store kept.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves, for a store. Each call is a place to look at in a review.
    pub fn expose(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl fmt::Debug for CsrfSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfSecret(redacted)")
    }
}

impl Default for CsrfSecrets {
    fn default() -> Self {
        Self::new()
    }
}

impl CsrfSecrets {
    /// Those of a session that begins. Signing in begins one: nothing that was known before may be good after it.
    pub fn new() -> Self {
        Self::restore(CsrfSecret::generate(), None)
    }

    /// Those that a store kept: the current one, and the former one with the moment when it ends.
    pub fn restore(current: CsrfSecret, previous: Option<(CsrfSecret, Timestamp)>) -> Self {
        Self { current, previous }
    }

    /// Those of the same session under a new id. Tokens of the former secret are good for ten minutes more.
    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Self {
        let until = now.saturating_add(SignedDuration::try_from(OVERLAP).unwrap_or_default()).unwrap_or(now);
        Self::restore(CsrfSecret::generate(), Some((self.current.clone(), until)))
    }

    /// The secret that new tokens are made with.
    pub fn current(&self) -> &CsrfSecret {
        &self.current
    }

    /// The former secret, and when it ends.
    pub fn previous(&self) -> Option<(&CsrfSecret, Timestamp)> {
        self.previous.as_ref().map(|(secret, until)| (secret, *until))
    }

    /// The secrets whose tokens are good at a moment.
    pub(super) fn accepted(&self, now: Timestamp) -> impl Iterator<Item = &CsrfSecret> {
        let previous = self.previous().filter(|(_, until)| now < *until);
        std::iter::once(&self.current).chain(previous.map(|(secret, _)| secret))
    }
}
