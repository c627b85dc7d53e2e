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

use crate::refusal::Detail;
use crate::{ErrorCode, Refusal};

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
