//! A record for people.

use std::fmt::Write as _;

use super::fields::Value;
use super::layer::Record;
use super::redact::needs_escape;

/// The field that is laid out on lines of its own, each escaped: nobody reads a stack on one line.
const BACKTRACE: &str = "backtrace";

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

pub(super) fn write(line: &mut String, record: &Record<'_>, colour: bool) {
    let (dim, reset) = if colour { (DIM, RESET) } else { ("", "") };
    let shade = if colour { shade(record.level) } else { "" };
    // Writing into a String does not fail.
    let _ = write!(
        line,
        "{dim}{:.3}{reset} {shade}{:>8}{reset} {dim}{}:{reset} ",
        record.timestamp, record.level, record.target
    );
    escaped(line, record.message);
    for (name, value) in record.fields.iter().filter(|(name, _)| *name != BACKTRACE) {
        let _ = write!(line, " {dim}{name}={reset}");
        field(line, value);
    }
    if let Some(id) = record.request_id {
        let _ = write!(line, " {dim}request_id={reset}");
        field(line, id);
    }
    if let Some((_, Value::Text(stack))) = record.fields.iter().find(|(name, _)| *name == BACKTRACE) {
        for frame in stack.lines() {
            line.push_str("\n    ");
            escaped(line, frame);
        }
    }
}

fn field(line: &mut String, value: &Value) {
    let _ = match value {
        Value::Bool(flag) => write!(line, "{flag}"),
        Value::Signed(number) => write!(line, "{number}"),
        Value::Unsigned(number) => write!(line, "{number}"),
        Value::Float(number) => write!(line, "{number}"),
        Value::Text(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
            line.push('"');
            for (index, part) in text.split('"').enumerate() {
                line.push_str(if index > 0 { "\\\"" } else { "" });
                escaped(line, part);
            }
            line.push('"');
            Ok(())
        }
        Value::Text(text) => {
            escaped(line, text);
            Ok(())
        }
    };
}

fn escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        if needs_escape(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

fn shade(level: &str) -> &'static str {
    match level {
        "CRITICAL" => "\x1b[1;37;41m",
        "ERROR" => "\x1b[31m",
        "WARN" => "\x1b[33m",
        "INFO" => "\x1b[32m",
        _ => "\x1b[34m",
    }
}
