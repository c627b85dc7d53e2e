//! An event of the log, as clients are told of it.

use mainstay_events::RecordedEvent;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::api::answers::Moment;
use crate::domain::{Fact, Kind, Name, Subject};

/// Something that happened.
#[derive(Serialize, JsonSchema)]
pub(super) struct Happening {
    /// Its place in the log; the first has 1, and there are no gaps.
    pub(super) position: u64,
    /// What happened: `item_created`.
    pub(super) r#type: String,
    /// To what kind of thing; null if this version of the service does not know.
    kind: Option<Kind>,
    /// Its name, or the id of an item.
    name: Option<Name>,
    /// The catalog of an item.
    catalog_name: Option<Name>,
    /// Who did it, if that is known.
    actor: Option<String>,
    /// The request that began it.
    #[schemars(with = "Option<String>")]
    request_id: Option<Uuid>,
    /// When.
    at: Moment,
}

impl From<RecordedEvent> for Happening {
    fn from(event: RecordedEvent) -> Self {
        let fact = event.decode::<Fact>().ok();
        let subject = fact.as_ref().map(Fact::subject);
        Self {
            position: event.position.get(),
            kind: subject.map(|Subject { kind, .. }| kind),
            name: subject.map(|Subject { name, .. }| name.clone()),
            catalog_name: subject.and_then(|Subject { catalog, .. }| catalog.cloned()),
            actor: event.actor,
            request_id: event.correlation_id,
            at: Moment(event.recorded_at),
            r#type: event.event_type,
        }
    }
}
