//! What happened: listed, counted for each catalogue, and told as it happens.

mod events;
mod happening;
mod list;
mod summary;

use mainstay::Routes;

use super::Catalogues;

pub use self::events::Feed;

/// All of it.
pub(super) fn routes() -> Routes<Catalogues> {
    summary::routes().merge(list::routes()).merge(events::routes())
}
