//! The text of a token.

use std::fmt;

use mainstay_core::{Secret, random};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What every token begins with, for people and for scanners.
pub(super) const PREFIX: &str = "mst_";

/// Random characters that find the row.
pub(super) const LOOKUP: usize = 10;

/// Random characters that open it.
const SECRET: usize = 33;

/// Characters of the checksum: 62⁶ is more than 2³².
const CHECKSUM: usize = 6;

const LENGTH: usize = PREFIX.len() + LOOKUP + SECRET + CHECKSUM;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Sets these hashes apart from all others.
const DOMAIN: &[u8] = b"mainstay api token v1";

/// The text of a token, whose form is right: not printed, wiped when dropped.
#[derive(Clone)]
pub struct ApiTokenText(Secret);

/// The text is no token of ours: it lacks the prefix, has another length or alphabet, or a wrong checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API token")]
pub struct MalformedToken;

impl ApiTokenText {
    /// A new token.
    ///
    /// # Panics
    ///
    /// As [`random::fill`].
    pub fn generate() -> Self {
        Self::completed("")
    }

    /// A token whose lookup part is that of another.
    #[cfg(test)]
    pub(super) fn forged(lookup: &str) -> Self {
        Self::completed(lookup)
    }

    /// A token of random characters behind those that are given.
    fn completed(given: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        text.push_str(given);
        while text.len() < PREFIX.len() + LOOKUP + SECRET {
            let [byte] = random::bytes::<1>();
            // 248 is four times 62: what is left over would favour the first letters.
            if byte < 248 {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(Secret::new(text.as_str()))
    }

    /// Reads a token. A typing error is found here, without asking a store.
    ///
    /// # Errors
    ///
    /// [`MalformedToken`].
    pub fn parse(text: &str) -> Result<Self, MalformedToken> {
        let is_plain = text.bytes().skip(PREFIX.len()).all(|byte| byte.is_ascii_alphanumeric());
        if text.len() != LENGTH || !text.starts_with(PREFIX) || !is_plain {
            return Err(MalformedToken);
        }
        let (body, sum) = text.split_at(LENGTH - CHECKSUM);
        if checksum(body) == sum { Ok(Self(Secret::new(text))) } else { Err(MalformedToken) }
    }

    /// The text. Each call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The part that finds the row, and opens nothing.
    pub(super) fn lookup(&self) -> &str {
        &self.expose()[PREFIX.len()..PREFIX.len() + LOOKUP]
    }

    /// The hash that is stored. What is hashed has 196 random bits, so nothing slower is needed.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(&self.expose().as_bytes()[PREFIX.len()..LENGTH - CHECKSUM]);
        hash.finalize().into()
    }
}

/// The first four bytes of a SHA-256, as six characters.
fn checksum(body: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(body).into();
    let [a, b, c, d, ..] = digest;
    let mut number = u32::from_be_bytes([a, b, c, d]);
    let mut characters = [ALPHABET[0]; CHECKSUM];
    for character in characters.iter_mut().rev() {
        *character = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    characters.map(char::from).iter().collect()
}

impl fmt::Debug for ApiTokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiTokenText(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        let token = ApiTokenText::generate();
        assert_eq!(token.expose().len(), 53);
        let read = ApiTokenText::parse(token.expose()).unwrap();
        assert_eq!((read.lookup(), read.hash()), (token.lookup(), token.hash()));
        assert_eq!(format!("{token:?}"), "ApiTokenText(redacted)");
    }

    #[test]
    fn the_form_is_the_same_in_every_release() {
        // Computed apart from this code: SHA-256 of the text before it, first four bytes, base 62.
        let body = "mst_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
        assert_eq!(checksum(body), "24p5CW");
    }

    #[test]
    fn each_changed_character_is_found() {
        let token = ApiTokenText::generate();
        let text = token.expose();
        for at in 0..text.len() {
            for with in ["0", "a", "Z", "_", " ", "é"] {
                let mut changed = text.to_owned();
                changed.replace_range(at..=at, with);
                assert_eq!(ApiTokenText::parse(&changed).is_ok(), changed == text, "{at} {with}");
            }
        }
        for wrong in ["", "mst_", &text[1..], &text[..52], &format!("{text}0"), &text.to_uppercase()] {
            assert!(ApiTokenText::parse(wrong).is_err(), "{wrong}");
        }
    }
}
