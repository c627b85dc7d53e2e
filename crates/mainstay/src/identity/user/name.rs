//! The names that people sign in with.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The longest name, in characters.
const MAX_CHARACTERS: usize = 64;

/// The name of a user, in the one form in which it is stored and compared.
///
/// A name has 1 to 64 characters: letters and digits of ASCII, and after the first one `.`, `_`, `-`, `@` and `+`, so
/// that an address of mail is one. Capitals are folded. Nothing beyond ASCII: two names that look alike are then the
/// same name.
///
/// ```
/// use mainstay::identity::UserName;
///
/// let name: UserName = "Alice@Example.org".parse().unwrap();
/// assert_eq!(name.as_str(), "alice@example.org");
/// assert!("аlice".parse::<UserName>().is_err(), "that а is a Cyrillic letter");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// A text is not the name of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 letters and digits of ASCII, and after the first `.`, `_`, `-`, `@`, `+`")]
pub struct InvalidUserName;

impl UserName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, InvalidUserName> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        let fits = begins && text.len() <= MAX_CHARACTERS && text.bytes().all(is_fit);
        fits.then(|| Self(text.to_ascii_lowercase())).ok_or(InvalidUserName)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UserName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let longest = "a".repeat(64);
        let too_long = "a".repeat(65);
        let rows = [
            ("alice", Some("alice")),
            ("ALICE", Some("alice")),
            ("a", Some("a")),
            ("7of9", Some("7of9")),
            ("alice.b+c@example-1.org", Some("alice.b+c@example-1.org")),
            (longest.as_str(), Some(longest.as_str())),
            (too_long.as_str(), None),
            ("", None),
            (" alice", None),
            ("alice ", None),
            ("al ice", None),
            ("-rf", None),
            (".alice", None),
            ("@alice", None),
            ("*", None),
            ("alice)(uid=*", None),
            ("alice\0", None),
            ("alice\n", None),
            ("al/ice", None),
            ("älice", None),
            ("\u{212a}elvin", None),
            ("ali\u{200d}ce", None),
        ];
        for (text, name) in rows {
            assert_eq!(text.parse::<UserName>().ok().as_ref().map(UserName::as_str), name, "{text:?}");
        }
    }
}
