//! Names of streams.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use mainstay_db::{FromValue, Value};

/// Longest name, in bytes.
const MAX_BYTES: usize = 255;

/// The name of a stream: a category, a hyphen, and what tells it from others of its category (`item-42`).
///
/// The category is lower-case letters, digits and underscores. The rest may be any text without control
/// characters; all of it is at most 255 bytes. Names are compared byte by byte.
///
/// ```
/// use mainstay_events::StreamId;
///
/// let stream: StreamId = "item-pc_parts-B650".parse()?;
/// assert_eq!(stream.category(), "item");
/// assert_eq!(stream, StreamId::of("item", "pc_parts-B650")?);
/// assert!("42".parse::<StreamId>().is_err());
/// # Ok::<_, mainstay_events::StreamIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

/// A text that cannot name a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamIdError {
    /// Without `category-` at its beginning, or with nothing behind it.
    #[error("a stream is named like `category-name`, the category in lower case")]
    Shape,
    /// More than 255 bytes.
    #[error("the name of a stream has at most 255 bytes, not {0}")]
    TooLong(usize),
    /// A control character.
    #[error("the name of a stream has no control characters")]
    ControlCharacter,
}

impl StreamId {
    /// The stream `name` of a category.
    ///
    /// # Errors
    ///
    /// See [`StreamIdError`].
    pub fn of(category: &str, name: impl fmt::Display) -> Result<Self, StreamIdError> {
        if category.contains('-') {
            return Err(StreamIdError::Shape);
        }
        format!("{category}-{name}").parse()
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name up to its first hyphen.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or("", |(category, _)| category)
    }

    /// The name behind its first hyphen.
    pub fn name(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, name)| name)
    }
}

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (category, name) = text.split_once('-').ok_or(StreamIdError::Shape)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if category.is_empty() || name.is_empty() || !category.bytes().all(plain) {
            return Err(StreamIdError::Shape);
        }
        if text.len() > MAX_BYTES {
            return Err(StreamIdError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(StreamIdError::ControlCharacter);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({})", self.0)
    }
}

impl From<&StreamId> for Value {
    fn from(stream: &StreamId) -> Self {
        Self::Text(stream.as_str().to_owned())
    }
}

impl FromValue<'_> for StreamId {
    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value)?.parse().ok()
    }
}
