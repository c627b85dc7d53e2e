//! Which stream of the log belongs to what.

use std::fmt;

use mainstay_events::StreamId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Kind, Name};

/// Longest key, in bytes, that a stream is named by as it stands. The log takes 255 bytes for the whole name.
const MAX_PLAIN_BYTES: usize = 190;

/// Stands before the hash that names the streams of long keys.
const HASHED: &str = "sha256:";

/// The stream of a schema, ruleset, cluster ruleset or catalogue.
///
/// It belongs to the name: a thing that is created again under the name of a deleted one continues its
/// stream, so that versions of one name never come twice.
pub fn named(kind: Kind, name: &Name) -> StreamId {
    stream(kind, &key(name))
}

/// The stream of an item.
pub fn item(catalog_uid: Uuid, item_id: &Name) -> StreamId {
    stream(Kind::Item, &format_args!("{}{}", item_prefix(catalog_uid), key(item_id)))
}

/// What the names of all item streams of a catalogue begin with, behind the category.
pub fn item_prefix(catalog_uid: Uuid) -> String {
    format!("{}-", catalog_uid.simple())
}

/// The category of the streams of drills: no facts, and nothing that the read model knows.
pub const DRILL: &str = "drill";

/// The category of a kind's streams.
pub const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Schema => "schema",
        Kind::Ruleset => "ruleset",
        Kind::ClusterRuleset => "cluster_ruleset",
        Kind::Catalog => "catalog",
        Kind::Item => "item",
    }
}

#[expect(clippy::expect_used, reason = "names hold no control characters, and `key` bounds their length")]
fn stream(kind: Kind, key: &impl fmt::Display) -> StreamId {
    StreamId::of(category(kind), key).expect("a key of bounded length names a stream")
}

/// The name itself, or its hash where it is too long. A name that looks like a hash is hashed too, so no two
/// names can share a stream.
fn key(name: &Name) -> String {
    let name = name.as_str();
    if name.len() <= MAX_PLAIN_BYTES && !name.starts_with(HASHED) {
        return name.to_owned();
    }
    let hash = Sha256::digest(name);
    hash.iter().fold(String::from(HASHED), |mut text, byte| {
        use fmt::Write as _;
        // Infallible: a `String` takes what it is given.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn streams_are_named_by_their_keys() {
        assert_eq!(named(Kind::ClusterRuleset, &name("a-b c")).as_str(), "cluster_ruleset-a-b c");
        let uid = Uuid::from_u128(7);
        let expected = format!("item-{}-cpu-1", uid.simple());
        assert_eq!(item(uid, &name("cpu-1")).as_str(), expected);
        assert!(item(uid, &name("cpu-1")).name().starts_with(&item_prefix(uid)));
    }

    #[test]
    fn long_names_have_streams_of_their_own() {
        let (one, other) = (name(&"日".repeat(128)), name(&format!("{}本", "日".repeat(127))));
        let streams = [named(Kind::Schema, &one), named(Kind::Schema, &other)];
        assert_ne!(streams[0], streams[1]);
        // Naming something after such a stream does not lead into it.
        let imitation = name(streams[0].name());
        assert_ne!(named(Kind::Schema, &imitation), streams[0]);
        assert!(item(Uuid::max(), &one).as_str().len() <= 255);
    }
}
