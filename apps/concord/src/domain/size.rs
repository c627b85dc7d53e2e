//! How large and how deep a value is as JSON.

use std::io;

use serde::Serialize;

/// The size of a value as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonSize {
    /// How many bytes it has.
    pub bytes: usize,
    /// How deep its lists and objects are nested.
    pub depth: usize,
}

/// How large and how deep a value is as JSON.
pub fn json_size(value: &impl Serialize) -> JsonSize {
    let mut measure = Measure::default();
    // A measure takes everything; what cannot be written as JSON the log refuses by itself.
    let _ = serde_json::to_writer(&mut measure, value);
    JsonSize { bytes: measure.bytes, depth: measure.deepest }
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
