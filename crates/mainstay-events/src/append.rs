//! What is to be appended, put together before any lock is taken.

use std::collections::HashSet;
use std::fmt;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Event, Position, StreamId, Version};

/// Events for one or many streams, appended all or none.
///
/// What is wrong with it, such as an event that does not serialise, is reported by
/// [`EventStore::append`](crate::EventStore::append).
///
/// ```
/// # use mainstay_events::{Append, Event, Expected, StreamId, Version};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Moved;
/// # impl Event for Moved { fn event_type(&self) -> &'static str { "moved" } }
/// # let request_id = uuid::Uuid::nil();
/// let append = Append::new()
///     .idempotent(uuid::Uuid::from_u128(7))
///     .correlation(request_id)
///     .actor("ada")
///     .events(&StreamId::of("item", 1)?, Expected::Exact(Version::new(3)), &[Moved])
///     .events(&StreamId::of("item", 2)?, Expected::NoStream, &[Moved, Moved])
///     .check(&StreamId::of("catalog", "parts")?, Expected::Exists);
/// # Ok::<_, mainstay_events::StreamIdError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is stored until it is given to the store"]
pub struct Append {
    pub(crate) key: Option<Key>,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) actor: Option<String>,
    pub(crate) meta: Option<String>,
    pub(crate) parts: Vec<Part>,
    problem: Option<Problem>,
}

/// What a caller knows of a stream when it decides to append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Nothing: append wherever the stream is.
    Any,
    /// That there is no such stream yet.
    NoStream,
    /// That there is one.
    Exists,
    /// That it is at this version. Version 0 means [`Expected::NoStream`].
    Exact(Version),
}

/// What an append did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event.
    pub last: Position,
    /// The streams that got events, with the versions they are at since then, sorted by name.
    pub versions: Vec<(StreamId, Version)>,
    /// Whether an earlier append of the same id had done it already.
    pub repeated: bool,
}

/// How large an append may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most events of one append.
    pub events: usize,
    /// Most streams of one append, those that are only checked included.
    pub streams: usize,
    /// Largest payload of one event, in bytes of JSON.
    pub payload_bytes: usize,
    /// Largest sum of payloads of one append, in bytes of JSON.
    pub total_bytes: usize,
}

/// An append that no store would take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAppend {
    /// No event at all.
    #[error("an append has at least one event")]
    Empty,
    /// More events than [`Limits::events`].
    #[error("an append has at most {limit} events, not {count}")]
    TooManyEvents {
        /// How many it has.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
    /// More streams than [`Limits::streams`].
    #[error("an append names at most {limit} streams, not {count}")]
    TooManyStreams {
        /// How many it names.
        count: usize,
        /// How many it may name.
        limit: usize,
    },
    /// A payload beyond [`Limits::payload_bytes`].
    #[error("event {event_type} for stream {stream} has {bytes} bytes, the limit is {limit}")]
    PayloadTooLarge {
        /// The stream.
        stream: StreamId,
        /// The name of the event.
        event_type: &'static str,
        /// Its size.
        bytes: usize,
        /// The largest allowed size.
        limit: usize,
    },
    /// All payloads together are beyond [`Limits::total_bytes`].
    #[error("an append has at most {limit} bytes, not {bytes}")]
    TooLarge {
        /// The size of all payloads.
        bytes: usize,
        /// The largest allowed size.
        limit: usize,
    },
    /// Two parts for one stream: put their events together.
    #[error("stream {0} is named twice")]
    StreamTwice(StreamId),
    /// An event, or the meta data, does not serialise.
    #[error("{what} cannot be written as JSON")]
    Encode {
        /// The name of the event, or `meta`.
        what: &'static str,
        /// What serde said.
        source: serde_json::Error,
    },
}

/// An id for repetition, with what it stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) append_id: Uuid,
    /// Of the request, where the caller knows better than the events do.
    pub(crate) fingerprint: Option<[u8; 32]>,
}

/// What one stream gets.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) stream: StreamId,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<NewEvent>,
}

#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub(crate) event_type: &'static str,
    pub(crate) schema_version: u32,
    pub(crate) payload: String,
}

/// The first error of serde; its text only, since its error cannot be cloned.
#[derive(Clone, Debug)]
struct Problem {
    what: &'static str,
    text: String,
}

impl Default for Limits {
    /// 20,000 events and streams, 1 MiB an event, 32 MiB in all.
    fn default() -> Self {
        Self { events: 20_000, streams: 20_000, payload_bytes: 1 << 20, total_bytes: 32 << 20 }
    }
}

impl Append {
    /// An append of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes repetition safe: when an append of this id was made within the last week, its result is returned
    /// and nothing happens. The same id with other events (or another actor, or another expectation) is a
    /// conflict.
    pub fn idempotent(mut self, append_id: Uuid) -> Self {
        self.key = Some(Key { append_id, fingerprint: None });
        self
    }

    /// As [`Append::idempotent`], but what counts as the same is a fingerprint of the caller's: for events
    /// that hold something made anew each time, such as ids or times.
    pub fn idempotent_as(mut self, append_id: Uuid, fingerprint: [u8; 32]) -> Self {
        self.key = Some(Key { append_id, fingerprint: Some(fingerprint) });
        self
    }

    /// The request that began it.
    pub fn correlation(mut self, id: Uuid) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// The event, command or job that caused it.
    pub fn causation(mut self, id: Uuid) -> Self {
        self.causation_id = Some(id);
        self
    }

    /// Who does it.
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// What else is to be kept with each event.
    pub fn meta(mut self, meta: &impl serde::Serialize) -> Self {
        match serde_json::to_string(meta) {
            Ok(text) => self.meta = Some(text),
            Err(error) => self.note("meta", &error),
        }
        self
    }

    /// Appends events to a stream that is expected to be somewhere. Without events, it is the
    /// [check](Append::check) alone.
    pub fn events<'e, E: Event + 'e>(
        mut self,
        stream: &StreamId,
        expected: Expected,
        events: impl IntoIterator<Item = &'e E>,
    ) -> Self {
        let mut part = Part { stream: stream.clone(), expected, events: Vec::new() };
        for event in events {
            let (event_type, schema_version) = (event.event_type(), event.schema_version());
            match serde_json::to_string(event) {
                Ok(payload) => part.events.push(NewEvent { event_type, schema_version, payload }),
                Err(error) => self.note(event_type, &error),
            }
        }
        self.parts.push(part);
        self
    }

    /// Demands something of a stream without changing it: the append is refused when it does not hold.
    pub fn check(mut self, stream: &StreamId, expected: Expected) -> Self {
        self.parts.push(Part { stream: stream.clone(), expected, events: Vec::new() });
        self
    }

    /// How many events it has.
    pub fn event_count(&self) -> usize {
        self.parts.iter().map(|part| part.events.len()).sum()
    }

    /// How large all payloads together are.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.parts.iter().flat_map(|part| &part.events).map(|event| event.payload.len()).sum()
    }

    pub(crate) fn validate(&self, limits: &Limits) -> Result<(), InvalidAppend> {
        if let Some(Problem { what, text }) = &self.problem {
            let source = <serde_json::Error as serde::ser::Error>::custom(text);
            return Err(InvalidAppend::Encode { what, source });
        }
        let (count, limit) = (self.event_count(), limits.events);
        if count == 0 {
            return Err(InvalidAppend::Empty);
        }
        if count > limit {
            return Err(InvalidAppend::TooManyEvents { count, limit });
        }
        let (count, limit) = (self.parts.len(), limits.streams);
        if count > limit {
            return Err(InvalidAppend::TooManyStreams { count, limit });
        }
        self.validate_sizes(limits)?;
        let mut seen = HashSet::with_capacity(self.parts.len());
        match self.parts.iter().find(|part| !seen.insert(&part.stream)) {
            Some(part) => Err(InvalidAppend::StreamTwice(part.stream.clone())),
            None => Ok(()),
        }
    }

    fn validate_sizes(&self, limits: &Limits) -> Result<(), InvalidAppend> {
        for part in &self.parts {
            for event in &part.events {
                let (bytes, limit) = (event.payload.len(), limits.payload_bytes);
                if bytes > limit {
                    let (stream, event_type) = (part.stream.clone(), event.event_type);
                    return Err(InvalidAppend::PayloadTooLarge { stream, event_type, bytes, limit });
                }
            }
        }
        let (bytes, limit) = (self.payload_bytes(), limits.total_bytes);
        if bytes > limit { Err(InvalidAppend::TooLarge { bytes, limit }) } else { Ok(()) }
    }

    /// What makes two appends the same. Not in it: the ids of request and cause, which differ when a client
    /// tries again.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        field(self.actor.as_deref().unwrap_or_default().as_bytes());
        field(self.meta.as_deref().unwrap_or_default().as_bytes());
        for part in &self.parts {
            field(part.stream.as_str().as_bytes());
            field(part.expected.to_string().as_bytes());
            field(&u64::try_from(part.events.len()).unwrap_or(u64::MAX).to_be_bytes());
            for event in &part.events {
                field(event.event_type.as_bytes());
                field(&event.schema_version.to_be_bytes());
                field(event.payload.as_bytes());
            }
        }
        hash.finalize().into()
    }

    fn note(&mut self, what: &'static str, error: &serde_json::Error) {
        self.problem.get_or_insert_with(|| Problem { what, text: error.to_string() });
    }
}

impl Appended {
    /// The version that a stream is at since then; `None` when it got no events.
    pub fn version_of(&self, stream: &StreamId) -> Option<Version> {
        let index = self.versions.binary_search_by(|(name, _)| name.cmp(stream)).ok()?;
        self.versions.get(index).map(|(_, version)| *version)
    }
}

impl Expected {
    /// Whether a stream at `actual` (`None`: not there) is as expected.
    ///
    /// | expected | no stream | at version v |
    /// |---|---|---|
    /// | `Any` | yes | yes |
    /// | `NoStream` | yes | no |
    /// | `Exists` | no | yes |
    /// | `Exact(0)` | yes | no |
    /// | `Exact(n)` | no | n = v |
    pub fn allows(self, actual: Option<Version>) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_none(),
            Self::Exists => actual.is_some(),
            Self::Exact(version) => actual.unwrap_or_default() == version,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anywhere"),
            Self::NoStream => f.write_str("not there"),
            Self::Exists => f.write_str("there"),
            Self::Exact(version) => write!(f, "at version {version}"),
        }
    }
}
