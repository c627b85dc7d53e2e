//! What leaves the service.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Most characters of a subject.
const SUBJECT: usize = 200;

/// Something to be told, with the id by which it is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: Uuid,
    topic: String,
    subject: String,
    body: String,
}

impl Message {
    /// A message. The topic says what sort of thing it tells, the subject says it in one line, the body in JSON.
    ///
    /// # Errors
    ///
    /// When the body does not serialise.
    pub fn new(
        id: Uuid,
        topic: impl Into<String>,
        subject: &str,
        body: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(body)?;
        Ok(Self::from_parts(id, topic.into(), subject, body))
    }

    pub(super) fn from_parts(id: Uuid, topic: String, subject: &str, body: String) -> Self {
        // One line: it becomes a header of a mail.
        let subject = subject.chars().map(|char| if char.is_control() { ' ' } else { char });
        Self { id, topic, subject: subject.take(SUBJECT).collect(), body }
    }

    /// The same for the same thing, however often it is told.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What sort of thing it tells, in snake case.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// What it tells, in one line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it tells, as JSON.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// An id made of what a message tells of: the same parts make the same id, here and everywhere.
///
/// ```
/// use mainstay_events::outbox::id_of;
///
/// assert_eq!(id_of(&["order_paid", "4711"]), id_of(&["order_paid", "4711"]));
/// assert_ne!(id_of(&["order_paid", "4711"]), id_of(&["order_paid4", "711"]));
/// ```
pub fn id_of(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        // The length too: where one part ends and the next begins counts.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
