//! What requests say, beyond a route's own: names in paths and bodies, which part of a list, what the client has seen
//! already, and how to know the request again.

mod body;
mod find;
mod path;
mod position;
mod precondition;
mod query;
mod repeat;

pub(super) use body::{Objects, name};
pub(super) use find::{find, find_in, find_item};
pub(super) use path::{Named, NamedItem};
pub(super) use position::{Fresh, MinPosition, PATIENCE, late};
pub(super) use precondition::{IfMatch, IfNoneMatch};
pub(super) use query::{Lax, Paging, Writing, bounded, default_limit};
pub(super) use repeat::{Repeatable, origin};
