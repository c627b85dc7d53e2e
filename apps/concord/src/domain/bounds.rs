//! How large and how deep one thing may be.

use std::io;

use serde::Serialize;

use super::{DomainError, Resource};

/// The largest content of one thing, in bytes of JSON: what fits an event of the log, with room for its frame.
pub const MAX_CONTENT_BYTES: usize = (1 << 20) - 4096;

/// How deep the content of one thing may be nested. What is read is never deeper than 128 levels; the rest is
/// room for what stands around the content in the log, in an export and in the import of that export.
pub const MAX_CONTENT_DEPTH: usize = 100;

/// Checks that the content fits the log, and can be exported and imported again.
///
/// # Errors
///
/// [`DomainError::TooLarge`], [`DomainError::TooDeep`].
pub fn check_bounds<T: Resource>(content: &T) -> Result<(), DomainError> {
    let mut measure = Measure::default();
    // A measure takes everything; what cannot be written as JSON the log refuses by itself.
    let _ = serde_json::to_writer(&mut measure, content);
    let (kind, name) = (T::KIND, || content.key().clone());
    if measure.bytes > MAX_CONTENT_BYTES {
        let (bytes, limit) = (measure.bytes, MAX_CONTENT_BYTES);
        return Err(DomainError::TooLarge { kind, name: name(), bytes, limit });
    }
    if measure.deepest > MAX_CONTENT_DEPTH {
        return Err(DomainError::TooDeep { kind, name: name(), limit: MAX_CONTENT_DEPTH });
    }
    Ok(())
}

/// How many bytes a value has as JSON.
pub fn json_bytes(value: &impl Serialize) -> usize {
    let mut measure = Measure::default();
    let _ = serde_json::to_writer(&mut measure, value);
    measure.bytes
}

/// Measures the JSON that is written to it.
#[derive(Default)]
struct Measure {
    bytes: usize,
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
}

impl Measure {
    fn take(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'[' | b'{' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            b']' | b'}' => self.depth -= 1,
            _ => {}
        }
    }
}

impl io::Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        for byte in bytes {
            self.take(*byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        let mut measure = Measure::default();
        let value = json!({"a]": ["\\\"[[[[", {"b": [1]}], "c": "{{{{{"});
        serde_json::to_writer(&mut measure, &value).unwrap();
        assert_eq!((measure.deepest, measure.depth), (4, 0));
        assert_eq!(measure.bytes, value.to_string().len());
    }
}
