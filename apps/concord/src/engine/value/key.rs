//! Equality of values as a key.

use serde_json::Value;

use super::Exact;

/// What makes two values equal: `1`, `1.0` and `true` have the same key, and the order of an object's keys is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Null,
    Integer(i128),
    /// The bits of a number with a fraction, or of one beyond `i128`; never of a zero.
    Float(u64),
    String(Box<str>),
    Array(Box<[Key]>),
    /// Sorted by name.
    Object(Box<[(Box<str>, Key)]>),
}

impl Key {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Integer(i128::from(*truth)),
            Value::Number(number) => match Exact::of(number) {
                Exact::Integer(integer) => Self::Integer(integer),
                Exact::Float(float) => Self::Float(float.to_bits()),
            },
            Value::String(string) => Self::String(string.as_str().into()),
            Value::Array(values) => Self::Array(values.iter().map(Self::of).collect()),
            Value::Object(entries) => {
                let mut keys: Vec<(Box<str>, Self)> =
                    entries.iter().map(|(name, value)| (name.as_str().into(), Self::of(value))).collect();
                keys.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                Self::Object(keys.into())
            }
        }
    }
}
