//! Values as Python's `str()` and `repr()` write them.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A piece of text that is written many times: as it is, and as the inside of a JSON string.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    plain: Box<str>,
    /// Only where escaping changes something, which is rare.
    json: Option<Box<str>>,
}

impl Text {
    pub(crate) fn new(plain: impl Into<Box<str>>) -> Self {
        let plain = plain.into();
        let json = escape(&plain);
        Self { plain, json }
    }

    pub(crate) fn plain(&self) -> &str {
        &self.plain
    }

    pub(crate) fn json(&self) -> &str {
        self.json.as_deref().unwrap_or(&self.plain)
    }
}

/// Where a reason is written to: the same code writes plain reasons and the insides of JSON strings.
pub(crate) trait Style {
    fn pick(text: &Text) -> &str;
}

/// Reasons as people read them.
pub(crate) enum Plain {}
/// Reasons as they stand between the quotes of a JSON string.
pub(crate) enum Json {}

impl Style for Plain {
    fn pick(text: &Text) -> &str {
        text.plain()
    }
}

impl Style for Json {
    fn pick(text: &Text) -> &str {
        text.json()
    }
}

/// The inside of the JSON string that holds `plain`, or `None` if that is `plain` itself.
fn escape(plain: &str) -> Option<Box<str>> {
    if plain.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return None;
    }
    let quoted = Value::from(plain).to_string();
    Some(quoted[1..quoted.len() - 1].into())
}

/// `str(value)`: a string bare, everything else as [`repr`].
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    push_text(value, &mut out);
    out
}

/// Appends `str(value)`.
pub(crate) fn push_text(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => out.push_str(string),
        other => repr(other, out),
    }
}

/// `type(value).__name__`.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// A Python list of strings: `['a', 'b']`.
pub(crate) fn list<'a>(strings: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for (index, string) in strings.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        quoted(string, &mut out);
    }
    out.push(']');
    out
}

/// Appends `repr(value)`. Two values have the same `repr` only if they are the same JSON.
pub(crate) fn repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => push_number(number, out),
        Value::String(string) => quoted(string, out),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                repr(value, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                quoted(key, out);
                out.push_str(": ");
                repr(value, out);
            }
            out.push('}');
        }
    }
}

fn push_number(number: &Number, out: &mut String) {
    match number.as_f64() {
        Some(float) if number.is_f64() => push_float(float, out),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

/// The shortest digits that read back as the same number, with a point; with an exponent below 1e-4 and from 1e16 on.
fn push_float(float: f64, out: &mut String) {
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let start = out.len();
        let _ = write!(out, "{float}");
        if !out[start..].contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// A quoted string: single quotes, unless only those stand inside it.
fn quoted(string: &str, out: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in string.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            _ if is_printable(character) => out.push(character),
            _ => push_code(u32::from(character), out),
        }
    }
    out.push(quote);
}

fn push_code(code: u32, out: &mut String) {
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Whether Python prints the character as it is.
///
/// Rust's own table has the same classes, but its debug form also escapes a combining mark at the start of a
/// string: behind another character it is left alone.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let mut bytes = [b'a'; 5];
    let length = 1 + character.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..length]).is_ok_and(|pair| pair.escape_debug().nth(1) == Some(character))
}
