//! Where live events come from.

use std::sync::Arc;

use mainstay::session::Sessions;
use mainstay_core::{Clock, Shutdown};
use mainstay_events::EventStore;
use tokio::sync::Semaphore;

use super::tail::Tail;

/// Most clients at once.
const CLIENTS: usize = 10_000;

/// The log, and what all who listen to it share.
#[derive(Clone, Debug)]
pub struct Feed {
    pub(super) store: EventStore,
    pub(super) tail: Arc<Tail>,
    pub(super) clock: Clock,
    pub(super) stopping: Shutdown,
    pub(super) places: Arc<Semaphore>,
    pub(super) sessions: Option<Sessions>,
}

impl Feed {
    /// The events of a log, until the process stops.
    pub fn new(store: EventStore, clock: Clock, stopping: Shutdown) -> Self {
        let tail = Arc::new(Tail::new(store.clone(), clock.clone()));
        Self { store, tail, clock, stopping, places: Arc::new(Semaphore::new(CLIENTS)), sessions: None }
    }

    /// The same, which ends with the session of whoever listens.
    #[must_use]
    pub fn ending_with(self, sessions: Sessions) -> Self {
        Self { sessions: Some(sessions), ..self }
    }
}
