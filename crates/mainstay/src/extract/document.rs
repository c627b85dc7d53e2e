//! JSON text to a value, stricter than the parser alone.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The most values of a document. In memory a value takes up to a hundred times the two bytes it takes in a text, so
/// a limit on the text alone would not be one on the memory.
const MAX_VALUES: usize = 500_000;

/// Parses one JSON document. Beyond the parser's own rules (UTF-8, at most 128 levels, nothing behind the
/// document) an object that names a member twice is refused: which of the two was meant nobody can know. So is a
/// document of more than half a million values.
///
/// # Errors
///
/// The parser's, with line and column.
pub(super) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    parse_within(text, MAX_VALUES)
}

fn parse_within(text: &[u8], values: usize) -> Result<Value, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(text);
    let value = Strict { left: &Cell::new(values) }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    /// How many more values there may be.
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member {name:?} is named twice")));
            }
            let value = members.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_refused_says_where() {
        let rows = [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\"a\":1,\"a\":2}", "the member \"a\" is named twice at line 1 column 10"),
            ("{\"a\":[{\"b\":1,\"b\":1}]}", "the member \"b\" is named twice at line 1 column 16"),
            ("{} {}", "trailing characters at line 1 column 4"),
            ("NaN", "expected value at line 1 column 1"),
            ("1e999", "number out of range at line 1 column 5"),
            ("\"\\ud800\"", "unexpected end of hex escape at line 1 column 8"),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
        }
        assert!(parse(&vec![b'['; 100_000]).unwrap_err().to_string().starts_with("recursion limit"));
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn values_are_counted() {
        for (text, values) in [("1", 1), ("[]", 1), ("[1,2]", 3), (r#"{"a":[{"b":null}]}"#, 4)] {
            assert!(parse_within(text.as_bytes(), values).is_ok(), "{text}");
            let refused = parse_within(text.as_bytes(), values - 1).unwrap_err().to_string();
            assert!(refused.starts_with("too many values"), "{text}: {refused}");
        }
        let many = [b"[0".as_slice(), &b",0".repeat(MAX_VALUES), b"]"].concat();
        assert!(parse(&many).is_err());
    }

    #[test]
    fn order_and_number_kinds_are_kept() {
        let text = r#"{"b":2,"a":2.0,"c":[1,-1,18446744073709551615,0.5,null,true,"x"]}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }

    proptest! {
        #[test]
        fn agrees_with_the_parser_where_names_are_unique(text in "[\\[\\]{}\",:0-9a-e. truefalsn-]{0,40}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
