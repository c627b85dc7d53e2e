//! Passwords for people to type once.

use mainstay_core::random;

use super::Password;

/// No letters that are taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// How many groups of letters, and how many letters each.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// A new password of 100 random bits, in four groups that are easy to read aloud.
///
/// # Panics
///
/// As [`random::fill`].
pub fn generate() -> Password {
    let letters =
        random::bytes::<{ GROUPS * GROUP }>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(GROUP).map(String::from_iter).collect();
    Password::new(groups.join("-"))
}
