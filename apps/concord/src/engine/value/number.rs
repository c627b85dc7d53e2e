//! Numbers: exact comparison across kinds, and Python's `float()`.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// A JSON number without its spelling: `2`, `2.0` and `2e0` are the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exact {
    /// Any number without a fraction that fits.
    Integer(i128),
    /// A number with a fraction, or one too large for the other arm. Never NaN.
    Float(f64),
}

/// The largest power of two within `i128`, from which on a float has no exact integer here.
const INTEGER_LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Exact {
    pub(crate) fn of(number: &Number) -> Self {
        if let Some(integer) = number.as_i128() {
            return Self::Integer(integer);
        }
        Self::of_float(number.as_f64().unwrap_or_default())
    }

    pub(crate) fn of_float(float: f64) -> Self {
        if float.fract() == 0.0 && float.abs() < INTEGER_LIMIT {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number inside the range of i128")]
            return Self::Integer(float as i128);
        }
        Self::Float(float)
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => integer_to_float(a, b),
            (Self::Float(a), Self::Integer(b)) => integer_to_float(b, a).reverse(),
        }
    }
}

/// Compares with a float that is not a whole number within `i128`, so the two are never equal.
fn integer_to_float(integer: i128, float: f64) -> Ordering {
    if float.abs() >= INTEGER_LIMIT {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    #[expect(clippy::cast_possible_truncation, reason = "floored and inside the range of i128")]
    let floor = float.floor() as i128;
    if integer <= floor { Ordering::Less } else { Ordering::Greater }
}

/// The float below which, or at which, another float is at most `limit`: the comparison with it is exact even where
/// the limit itself has no float. `None` if the limit is neither a number nor a boolean.
pub(crate) fn at_most(limit: &Value) -> Option<f64> {
    let exact = match limit {
        Value::Bool(truth) => Exact::Integer(i128::from(*truth)),
        Value::Number(number) => Exact::of(number),
        _ => return None,
    };
    Some(match exact {
        Exact::Float(float) => float,
        Exact::Integer(integer) => {
            #[expect(clippy::cast_precision_loss, reason = "rounding up is undone below")]
            let near = integer as f64;
            match Exact::of_float(near).compare(exact) {
                Ordering::Greater => near.next_down(),
                _ => near,
            }
        }
    })
}

/// Python's `float(value)`, where that is a number: numbers, booleans, and strings that spell one.
pub(crate) fn to_float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(string) => parse(string),
        _ => None,
    }
}

/// `float("…")`: blanks around it, `inf`, `nan`, and single underscores between digits are allowed.
fn parse(string: &str) -> Option<f64> {
    let trimmed = string.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    if !trimmed.contains('_') {
        return trimmed.parse().ok();
    }
    let bytes = trimmed.as_bytes();
    let between_digits = |at: usize| {
        at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let well_placed = (0..bytes.len()).filter(|&at| bytes[at] == b'_').all(between_digits);
    well_placed.then(|| trimmed.replace('_', "").parse().ok()).flatten()
}
