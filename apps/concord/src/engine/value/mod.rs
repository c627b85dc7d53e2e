//! How values are written in reasons, when two of them are equal, and what counts as a number.
//!
//! Clients compare these texts and rely on this equality, and both follow Python: `True`, `None`, `2.0`,
//! `['x', 'y']`; and `1 == 1.0 == true`.

mod key;
mod number;
mod text;

pub(crate) use key::Key;
pub(crate) use number::{Exact, at_most, to_float};
pub(crate) use text::{Json, Plain, Style, Text, list, push_text, repr, text, type_name};

#[cfg(test)]
mod tests;
