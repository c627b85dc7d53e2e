//! What answers have in common: the shapes of their bodies, and what their headers say.

mod listing;
mod message;
mod moment;
mod position;
mod tagged;

pub(super) use listing::{Listing, TOTAL_COUNT, insert_links};
pub(super) use message::Message;
pub(super) use moment::Moment;
pub(super) use position::At;
pub(super) use tagged::{Found, Tagged};
