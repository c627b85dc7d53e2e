//! Extractors whose rejections are refusals in the one shape.
//!
//! They stand in for axum's own of the same names; axum's keep working too, with less to say.

pub(crate) mod body;
mod document;
mod form;
mod json;
mod path;
mod query;

pub use form::Form;
pub use json::{Created, Json};
pub use path::Path;
pub use query::Query;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refusal::Detail;
use crate::{ErrorCode, Refusal};

/// Reads JSON as [`Json`] does: for handlers that come by it in another way, such as in a file.
///
/// # Errors
///
/// `malformed_body` for what is no JSON, names a member twice, or holds more than half a million values.
pub fn read_json(text: &[u8]) -> Result<Value, Refusal> {
    document::parse(text).map_err(|error| {
        Refusal::new(ErrorCode::MalformedBody).detail(Detail::new("", "malformed", error.to_string()))
    })
}

/// Makes a value of the type that a handler wants, as [`Json`] does.
///
/// # Errors
///
/// `validation_failed`, with the place where the value has another shape.
pub fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| misshapen(&error))
}

/// The refusal of a value that has the wrong shape, with the place where it went wrong.
fn misshapen<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Refusal {
    let path = error.path().to_string();
    let field = if path == "." { String::new() } else { path };
    let message = error.inner().to_string();
    let code = if message.starts_with("missing field") {
        "missing"
    } else if message.starts_with("duplicate field") {
        "duplicate"
    } else {
        "invalid"
    };
    Refusal::new(ErrorCode::ValidationFailed).detail(Detail::new(field, code, message))
}
