//! Tokens: made for a secret, masked, verified.
//!
//! A token is 16 random bytes and, keyed with the key of [`Purpose::Csrf`](crate::keys::Purpose::Csrf), the HMAC of
//! those and the secret: 48 bytes, 64 characters. Every answer that carries a token carries another one, with no
//! byte in common but by chance, so compressing the answer tells nothing of it (BREACH). The secret cannot be
//! computed from it, and without the key nobody makes one, even who reads the session store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName};
use mainstay_core::random;

use super::{CsrfFailure, CsrfSecret};
use crate::keys::Mac;

/// The header that carries a token.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const NONCE_BYTES: usize = 16;
const BYTES: usize = NONCE_BYTES + 32;

/// The length of a token's text. It is a multiple of four, so each token has exactly one text.
pub(super) const CHARACTERS: usize = BYTES / 3 * 4;

/// Whom a token is for. A token for one is worthless for the other, even with an equal secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Someone with a session.
    Session,
    /// Someone without one, who may sign in.
    Visitor,
}

impl Holder {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"token of a session, v1",
            Self::Visitor => b"token of a visitor, v1",
        }
    }
}

/// A new token.
pub(super) fn issue(mac: &Mac, holder: Holder, secret: &CsrfSecret) -> String {
    let nonce = random::bytes::<NONCE_BYTES>();
    let tag = mac.sign(&[holder.label(), secret.expose(), &nonce]);
    URL_SAFE_NO_PAD.encode([&nonce[..], &tag[..]].concat())
}

/// Whether a token was made for one of these secrets. All are tried, whichever fits.
pub(super) fn verify<'a>(
    mac: &Mac,
    holder: Holder,
    secrets: impl Iterator<Item = &'a CsrfSecret>,
    token: &str,
) -> Result<(), CsrfFailure> {
    let mut bytes = [0; BYTES];
    if token.len() != CHARACTERS || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(BYTES) {
        return Err(CsrfFailure::TokenMalformed);
    }
    let (nonce, tag) = bytes.split_at(NONCE_BYTES);
    let fits = |secret: &CsrfSecret| mac.verify(&[holder.label(), secret.expose(), nonce], tag);
    let found = secrets.fold(false, |found, secret| fits(secret) | found);
    if found { Ok(()) } else { Err(CsrfFailure::TokenForeign) }
}

/// The token in the header of a request, if there is that header.
pub(super) fn in_header(headers: &HeaderMap) -> Result<Option<&str>, CsrfFailure> {
    let mut lines = headers.get_all(HEADER).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(CsrfFailure::TokenDoubled);
    }
    line.to_str().map(Some).map_err(|_| CsrfFailure::TokenMalformed)
}
