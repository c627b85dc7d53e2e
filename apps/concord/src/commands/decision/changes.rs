//! What a command decides: facts for streams, each with what the decision rests on.

use mainstay_events::{Append, Expected, StreamId, Version};

use crate::domain::{Fact, Resource, Stored};

/// Facts for one or many streams, recorded all or none.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "nothing happens until it is recorded"]
pub struct Changes {
    parts: Vec<Part>,
}

/// What one stream gets, and where it must be for that.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    stream: StreamId,
    expected: Version,
    fact: Option<Fact>,
}

impl Changes {
    /// No change.
    pub fn none() -> Self {
        Self::default()
    }

    /// Something is created under a key that is vacant since `last`.
    pub fn create<T: Resource>(mut self, last: Version, content: T) -> Self {
        let stream = content.stream();
        self.parts.push(Part { stream, expected: last, fact: Some(content.created()) });
        self
    }

    /// Something gets new content; nothing happens if it is what is stored already.
    pub fn change<T: Resource>(mut self, stored: &Stored<T>, content: T) -> Self {
        if content != stored.content {
            let (stream, expected) = (content.stream(), stored.revision);
            self.parts.push(Part { stream, expected, fact: Some(content.changed()) });
        }
        self
    }

    /// Something is deleted.
    pub fn delete<T: Resource>(mut self, stored: &Stored<T>) -> Self {
        let (stream, expected) = (stored.content.stream(), stored.revision);
        self.parts.push(Part { stream, expected, fact: Some(stored.content.deleted()) });
        self
    }

    /// The decision holds only while something is as it was seen: the owner of what is created, mostly.
    pub fn rests_on<T: Resource>(mut self, stored: &Stored<T>) -> Self {
        let stream = stored.content.stream();
        if self.parts.iter().all(|part| part.stream != stream) {
            self.parts.push(Part { stream, expected: stored.revision, fact: None });
        }
        self
    }

    /// Whether there is nothing to record.
    pub fn is_none(&self) -> bool {
        self.facts().next().is_none()
    }

    /// The facts, in order.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.parts.iter().filter_map(|part| part.fact.as_ref())
    }

    /// As what the log takes.
    pub fn into_append(self) -> Append {
        self.parts.into_iter().fold(Append::new(), |append, Part { stream, expected, fact }| {
            append.events(&stream, Expected::Exact(expected), &fact)
        })
    }
}
