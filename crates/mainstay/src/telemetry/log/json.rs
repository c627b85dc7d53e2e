//! A record as one JSON object.

use std::fmt::Write as _;

use super::fields::{Value, key};
use super::layer::Record;
use super::redact::needs_escape;

pub(super) fn write(line: &mut String, record: &Record<'_>) {
    // Writing into a String does not fail.
    let _ = write!(line, r#"{{"timestamp":"{:.6}","level":"{}","target":"#, record.timestamp, record.level);
    string(line, record.target);
    line.push_str(r#","message":"#);
    string(line, record.message);
    if let Some(id) = record.request_id {
        line.push_str(r#","request_id":"#);
        value(line, id);
    }
    for (name, field) in &record.fields {
        let (prefix, name) = key(name);
        line.push_str(",\"");
        line.push_str(prefix);
        escaped(line, name);
        line.push_str("\":");
        value(line, field);
    }
    line.push('}');
}

fn value(line: &mut String, value: &Value) {
    let _ = match value {
        Value::Bool(flag) => write!(line, "{flag}"),
        Value::Signed(number) => write!(line, "{number}"),
        Value::Unsigned(number) => write!(line, "{number}"),
        Value::Float(number) if number.is_finite() => write!(line, "{number}"),
        Value::Float(_) => write!(line, "null"),
        Value::Text(text) => {
            string(line, text);
            Ok(())
        }
    };
}

fn string(line: &mut String, text: &str) {
    line.push('"');
    escaped(line, text);
    line.push('"');
}

fn escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // All of these are in the basic plane, so one escape of four digits does.
            hostile if needs_escape(hostile) => {
                let _ = write!(line, "\\u{:04x}", u32::from(hostile));
            }
            plain => line.push(plain),
        }
    }
}
