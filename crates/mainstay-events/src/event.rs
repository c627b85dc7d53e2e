//! What happened: as an application sees it, and as the log keeps it.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{DecodeError, Position, StreamId, Upcasters, Version};

/// An application's own events, usually one enum for each category of streams.
///
/// The payload is what serde makes of the value. Names and meanings of what was once stored stay for ever:
/// add variants and optional fields; when a payload changes its shape, raise
/// [`schema_version`](Event::schema_version) and teach the [`upcasters`](Event::upcasters) the earlier one.
///
/// ```
/// use std::sync::LazyLock;
///
/// use mainstay_events::{Event, Upcasters};
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// enum PriceEvent {
///     // Version 1 had whole `euros`.
///     Set { cents: u64 },
/// }
///
/// static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(|| {
///     Upcasters::new().current("price_set", 2).upcast("price_set", 1, |payload| {
///         let euros = payload["Set"]["euros"].as_u64().ok_or("no euros")?;
///         Ok(json!({ "Set": { "cents": euros * 100 } }))
///     })
/// });
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
///     fn upcasters() -> &'static Upcasters {
///         &UPCASTERS
///     }
/// }
/// ```
pub trait Event: Serialize + DeserializeOwned {
    /// The stable name of what happened, in snake case and the past tense: `item_renamed`.
    fn event_type(&self) -> &'static str;

    /// The version of the payload's shape that is written today.
    fn schema_version(&self) -> u32 {
        1
    }

    /// Which types there are, and how payloads of earlier versions are read.
    fn upcasters() -> &'static Upcasters {
        static NONE: Upcasters = Upcasters::new();
        &NONE
    }
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
    /// The event as the application knows it, whatever version of its shape is stored. Every reader of the log
    /// comes through here.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the payload does not read as `E`, was written by a later build, or reads as an event
    /// of another name.
    pub fn decode<E: Event>(&self) -> Result<E, DecodeError> {
        let Self { event_type, schema_version, payload, .. } = self;
        let fail = |source| DecodeError { position: self.position, event_type: event_type.clone(), source };
        let not_json = |error| fail(Some(Box::new(error) as _));
        let upcasters = E::upcasters();
        let (name, event) = if upcasters.is_current(event_type, *schema_version) {
            (event_type.as_str(), serde_json::from_str(payload).map_err(not_json)?)
        } else {
            let value = serde_json::from_str(payload).map_err(not_json)?;
            let today = upcasters.apply(event_type, *schema_version, value);
            let (name, value) = today.map_err(|error| fail(Some(Box::new(error) as _)))?;
            (name, E::deserialize(value).map_err(not_json)?)
        };
        if event.event_type() == name { Ok(event) } else { Err(fail(None)) }
    }
}
