//! The fields of an event or a span, fit to be written.

use std::error::Error;
use std::fmt;

use mainstay_core::Chain;
use tracing::field::{Field, Visit};

use super::redact::{self, REDACTED};

/// How much of one text is written, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Names that the record itself uses.
const RESERVED: [&str; 4] = ["timestamp", "level", "target", "message"];

/// The value of a field: redacted, bounded, not yet escaped.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
}

/// The fields of one event or span, in the order they were written.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) critical: bool,
    pub(super) entries: Vec<(&'static str, Value)>,
}

impl Fields {
    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn push(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        // A flag says that there is a secret, not which.
        let value = match value {
            Value::Bool(_) => value,
            _ if redact::is_secret(name) => Value::Text(REDACTED.to_owned()),
            value => value,
        };
        match self.entries.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.entries.push((name, value)),
        }
    }

    fn push_text(&mut self, field: &Field, text: String) {
        let text = redact::bounded(redact::text(text), MAX_TEXT_BYTES);
        match field.name() {
            "message" => self.message = text,
            _ => self.push(field, Value::Text(text)),
        }
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "critical" {
            self.critical = value;
        } else {
            self.push(field, Value::Bool(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::Float(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.push_text(field, Chain(value).to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push_text(field, format!("{value:?}"));
    }
}

/// The key under which a field is written: never one of the record's own.
pub(super) fn key(name: &'static str) -> (&'static str, &'static str) {
    (if RESERVED.contains(&name) { "field_" } else { "" }, name)
}
