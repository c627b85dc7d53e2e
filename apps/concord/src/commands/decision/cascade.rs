//! Deleting one thing with those that cannot be without it.

use super::{Changes, Decision, Deleted};
use crate::domain::{Kind, Resource, Stored};

/// More names than this are only counted.
const MOST_NAMED: usize = 20;

/// The deletions of what depends on something, with their account in words.
#[derive(Debug, Default)]
pub(in crate::commands) struct Cascade {
    changes: Changes,
    account: Vec<String>,
}

impl Cascade {
    /// Deletes things of one kind.
    pub(in crate::commands) fn delete_all<T: Resource>(&mut self, things: &[Stored<T>]) {
        if things.is_empty() {
            return;
        }
        self.changes = things.iter().fold(std::mem::take(&mut self.changes), Changes::delete);
        let mut names: Vec<String> =
            things.iter().take(MOST_NAMED).map(|thing| format!("'{}'", thing.content.key())).collect();
        if things.len() > MOST_NAMED {
            names.push(format!("{} more", things.len() - MOST_NAMED));
        }
        self.account.push(format!("{} {}", plural(T::KIND, things.len()), names.join(", ")));
    }

    /// Deletes, at last, what they depended on.
    pub(in crate::commands) fn finish<T: Resource>(self, thing: &Stored<T>) -> Decision<Deleted> {
        let with_it =
            (!self.account.is_empty()).then(|| format!("Deleted with it: {}", self.account.join("; ")));
        Decision { changes: self.changes.delete(thing), outcome: Deleted { with_it } }
    }
}

fn plural(kind: Kind, count: usize) -> String {
    format!("{}{}", kind.noun(), if count == 1 { "" } else { "s" })
}
