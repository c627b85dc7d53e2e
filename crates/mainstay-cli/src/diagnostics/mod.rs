//! Problems, as people and programs read them.

mod json;
mod sarif;
mod text;

pub(crate) use json::{json, source_json};
pub(crate) use sarif::{Tool, sarif};
pub use text::Text;
