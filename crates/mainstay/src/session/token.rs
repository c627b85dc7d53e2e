//! What a browser holds: an open half that finds the session, and a secret half that proves it.
//!
//! ```text
//! v1.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
//!    16 bytes, base64url     24 bytes, base64url
//! ```
//!
//! Only an HMAC of the secret half reaches a store, so what is read out of a store cannot be presented here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_core::random;
use zeroize::Zeroizing;

use crate::keys::Mac;

const PREFIX: &str = "v1.";
const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 24;
const ID_CHARACTERS: usize = 22;
const SECRET_CHARACTERS: usize = 32;

/// The length of a token in text. There are no shorter and no longer ones.
pub(super) const TOKEN_CHARACTERS: usize = PREFIX.len() + ID_CHARACTERS + 1 + SECRET_CHARACTERS;

/// The open half of a token: by it the session is found. It changes with each rotation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; ID_BYTES]);

/// The secret half of a token as stores hold it.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

/// A whole token. It is made here or read from a cookie, and goes nowhere but into a cookie.
pub(super) struct Token {
    id: TokenId,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

/// The text is no token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session token")]
pub(super) struct MalformedToken;

impl TokenId {
    /// From the bytes that a store kept.
    pub fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes for a store to keep.
    pub fn to_bytes(self) -> [u8; ID_BYTES] {
        self.0
    }
}

impl SecretHash {
    /// From the bytes that a store kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes for a store to keep.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl Token {
    /// A new token: 128 random bits to find it, 192 to prove it.
    pub(super) fn generate() -> Self {
        Self { id: TokenId(random::bytes()), secret: Zeroizing::new(random::bytes()) }
    }

    /// Reads a token: exactly one text for each token, and no other passes.
    pub(super) fn parse(text: &[u8]) -> Result<Self, MalformedToken> {
        if text.len() != TOKEN_CHARACTERS {
            return Err(MalformedToken);
        }
        let rest = text.strip_prefix(PREFIX.as_bytes()).ok_or(MalformedToken)?;
        let (id, rest) = rest.split_at_checked(ID_CHARACTERS).ok_or(MalformedToken)?;
        let secret = rest.strip_prefix(b".").ok_or(MalformedToken)?;
        Ok(Self { id: TokenId(decode(id)?), secret: Zeroizing::new(decode(secret)?) })
    }

    /// The text for the cookie.
    pub(super) fn encode(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(TOKEN_CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(self.id.0, &mut text);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(*self.secret, &mut text);
        text
    }

    pub(super) fn id(&self) -> TokenId {
        self.id
    }

    pub(super) fn hash(&self, mac: &Mac) -> SecretHash {
        SecretHash(mac.sign(&[&*self.secret]))
    }

    /// Whether the secret half is the one that was hashed, compared in constant time.
    pub(super) fn matches(&self, mac: &Mac, hash: &SecretHash) -> bool {
        mac.verify(&[&*self.secret], &hash.0)
    }
}

/// Decodes exactly `N` bytes. The decoder refuses other alphabets, padding, and bits that would be thrown away.
fn decode<const N: usize>(text: &[u8]) -> Result<[u8; N], MalformedToken> {
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(MalformedToken),
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({})", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(redacted)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}
