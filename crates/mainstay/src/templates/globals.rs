//! What every template knows beside its context.

use std::fmt;
use std::sync::Arc;

use minijinja::context;
use minijinja::value::{Object, ObjectRepr, Serde, Value};
use serde::Serialize;

use crate::Exchange;
use crate::controls::csrf::FIELD;

/// The names of one exchange. Their values are made when a template writes them.
#[derive(Clone, Debug)]
pub(super) struct Globals {
    exchange: Exchange,
}

/// The token of a form.
#[derive(Debug)]
struct Token(Exchange);

/// The hidden field that carries the token.
#[derive(Debug)]
pub(super) struct Field(Exchange);

/// The nonce of the page.
#[derive(Debug)]
struct Nonce(Exchange);

impl Globals {
    pub(super) fn of(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// A context with our names above those of its own: no handler takes them away by accident.
    pub(super) fn above(&self, context: impl Serialize) -> Value {
        context! {
            csrf_token => Value::from_object(Token(self.exchange.clone())),
            csrf_field => Value::from_object(Field(self.exchange.clone())),
            nonce => Value::from_object(Nonce(self.exchange.clone())),
            ..Value::from(Serde(context))
        }
    }
}

impl Field {
    /// The field, or an error where no token can be had.
    pub(super) fn markup(&self) -> impl fmt::Display + '_ {
        // A token is letters, digits, `-` and `_`: nothing in it needs to be escaped.
        fmt::from_fn(|f| {
            let token = self.0.token_desk().token().ok_or(fmt::Error)?;
            write!(f, r#"<input type="hidden" name="{FIELD}" value="{token}">"#)
        })
    }
}

impl Object for Token {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.token_desk().token().ok_or(fmt::Error)?)
    }
}

impl Object for Field {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.markup())
    }
}

impl Object for Nonce {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.nonce_slot().nonce().as_str())
    }
}
