//! The keys that clients choose.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The key of something stored: of a schema, a ruleset, a catalogue, or of an item in its catalogue.
///
/// 1 to 128 characters, not all of them blank, without control characters and path separators, and not
/// beginning with a dot: so a name can be a path segment, a file name and a line of a log as it stands.
///
/// ```
/// use concord::domain::{Name, NameError};
///
/// assert_eq!(Name::parse("pc-parts")?.as_str(), "pc-parts");
/// assert_eq!(Name::parse(".hidden"), Err(NameError::LeadingDot));
/// # Ok::<(), NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing, or nothing but blanks.
    #[error("a name must not be blank")]
    Blank,
    /// More characters than [`Name::MAX_CHARACTERS`].
    #[error("a name has at most {max} characters, not {0}", max = Name::MAX_CHARACTERS)]
    TooLong(usize),
    /// A control character, such as a line break or NUL.
    #[error("a name must not contain control characters")]
    ControlCharacter,
    /// `/` or `\`.
    #[error("a name must not contain '{0}'")]
    Separator(char),
    /// A dot at the beginning, as of `..` and of hidden files.
    #[error("a name must not begin with a dot")]
    LeadingDot,
}

impl Name {
    /// Most characters of a name.
    pub const MAX_CHARACTERS: usize = 128;

    /// Takes a text for a name.
    ///
    /// # Errors
    ///
    /// See [`NameError`].
    pub fn parse(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(NameError::Blank);
        }
        let characters = text.chars().count();
        if characters > Self::MAX_CHARACTERS {
            return Err(NameError::TooLong(characters));
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        if let Some(separator) = text.chars().find(|character| matches!(character, '/' | '\\')) {
            return Err(NameError::Separator(separator));
        }
        if text.starts_with('.') {
            return Err(NameError::LeadingDot);
        }
        Ok(Self(text))
    }

    /// The name as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": Self::MAX_CHARACTERS})
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&Name> for mainstay_db::Value {
    fn from(name: &Name) -> Self {
        Self::from(name.as_str())
    }
}

impl mainstay_db::FromValue<'_> for Name {
    fn from_value(value: &mainstay_db::Value) -> Option<Self> {
        Self::parse(<&str>::from_value(value)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_name() {
        let long = "ü".repeat(128);
        for name in ["a", "PC parts 2.0", "größe-1", "a..b", "a.", "%2e", "日本", long.as_str()] {
            assert_eq!(Name::parse(name).map(|name| name.as_str().to_owned()).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_may_not() {
        let rows = [
            ("", NameError::Blank),
            (" \u{3000}", NameError::Blank),
            ("a\0b", NameError::ControlCharacter),
            ("a\nb", NameError::ControlCharacter),
            ("a\u{85}b", NameError::ControlCharacter),
            ("a/b", NameError::Separator('/')),
            ("a\\b", NameError::Separator('\\')),
            ("..", NameError::LeadingDot),
            (".hidden", NameError::LeadingDot),
        ];
        for (text, error) in rows {
            assert_eq!(Name::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Name::parse("x".repeat(129)), Err(NameError::TooLong(129)));
    }

    #[test]
    fn json_is_held_to_it_too() {
        assert!(serde_json::from_str::<Name>(r#""../x""#).is_err());
        assert_eq!(serde_json::to_string(&Name::parse("x").unwrap()).unwrap(), r#""x""#);
    }
}
