//! What happened: as an application sees it, and as the log keeps it.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{DecodeError, Position, StreamId, Version};

/// An application's own events, usually one enum for each category of streams.
///
/// The payload is what serde makes of the value. Names and meanings of what was once stored stay for ever:
/// add variants and optional fields, raise [`schema_version`](Event::schema_version) when a payload changes its
/// shape, and teach [`decode`](Event::decode) the earlier ones.
///
/// ```
/// use mainstay_events::{Event, StoredEvent};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// enum PriceEvent {
///     // Version 1 had whole `euros`.
///     Set { cents: u64 },
/// }
///
/// impl Event for PriceEvent {
///     fn event_type(&self) -> &'static str {
///         "price_set"
///     }
///
///     fn schema_version(&self) -> u32 {
///         2
///     }
///
///     fn decode(stored: StoredEvent<'_>) -> Result<Self, serde_json::Error> {
///         #[derive(Deserialize)]
///         enum First {
///             Set { euros: u64 },
///         }
///         match stored.schema_version {
///             1 => serde_json::from_str(stored.payload).map(|First::Set { euros }| Self::Set { cents: euros * 100 }),
///             _ => serde_json::from_str(stored.payload),
///         }
///     }
/// }
///
/// let old = StoredEvent { event_type: "price_set", schema_version: 1, payload: r#"{"Set":{"euros":3}}"# };
/// assert_eq!(PriceEvent::decode(old).unwrap(), PriceEvent::Set { cents: 300 });
/// ```
pub trait Event: Serialize + DeserializeOwned {
    /// The stable name of what happened, in snake case and the past tense: `item_renamed`.
    fn event_type(&self) -> &'static str;

    /// The version of the payload's shape that is written today.
    fn schema_version(&self) -> u32 {
        1
    }

    /// Reads a payload of any version that was ever written. Every reader of the log comes through here.
    ///
    /// # Errors
    ///
    /// When the payload is none of this type's.
    fn decode(stored: StoredEvent<'_>) -> Result<Self, serde_json::Error> {
        serde_json::from_str(stored.payload)
    }
}

/// What [`Event::decode`] gets to see.
#[derive(Clone, Copy, Debug)]
pub struct StoredEvent<'a> {
    /// The name it was stored under.
    pub event_type: &'a str,
    /// The version of the payload's shape.
    pub schema_version: u32,
    /// The payload, as JSON.
    pub payload: &'a str,
}

/// An event in the log, with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Where it stands in the log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Where it stands in the stream.
    pub version: Version,
    /// Its own id, a UUID of version 7.
    pub id: Uuid,
    /// The name of what happened.
    pub event_type: String,
    /// The version of the payload's shape.
    pub schema_version: u32,
    /// The payload, as JSON.
    pub payload: String,
    /// What else the application wanted kept, as JSON.
    pub meta: Option<String>,
    /// The request that began it.
    pub correlation_id: Option<Uuid>,
    /// The event, command or job that caused it.
    pub causation_id: Option<Uuid>,
    /// Who did it.
    pub actor: Option<String>,
    /// When it was recorded. The order of events is that of their positions: a clock may be set back.
    pub recorded_at: Timestamp,
}

impl RecordedEvent {
    /// The event as the application knows it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the payload does not read as `E`, or reads as an event of another name.
    pub fn decode<E: Event>(&self) -> Result<E, DecodeError> {
        let Self { event_type, schema_version, payload, .. } = self;
        let stored = StoredEvent { event_type, schema_version: *schema_version, payload };
        let fail = |source| DecodeError { position: self.position, event_type: event_type.clone(), source };
        let event = E::decode(stored).map_err(|error| fail(Some(error)))?;
        if event.event_type() == event_type { Ok(event) } else { Err(fail(None)) }
    }
}
