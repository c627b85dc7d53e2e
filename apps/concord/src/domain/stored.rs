//! What is known of something that is stored, and of a key under which nothing is.

use jiff::Timestamp;
use mainstay_events::Version;

/// Something that is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// Its number among those of its kind, from 1; never used again.
    pub id: i64,
    /// The version of its stream.
    pub revision: Version,
    /// What its `ETag` says. As the revision, but that a catalogue's also moves with its items.
    pub tag: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a value of it last changed.
    pub updated_at: Timestamp,
    /// How many items it has, if it is a catalogue.
    pub item_count: u64,
    /// What it is.
    pub content: T,
}

/// A key, and what is stored under it.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot<T> {
    /// Nothing; the stream is where the last owner of the key left it.
    Vacant(Version),
    /// Something.
    Taken(Box<Stored<T>>),
}
