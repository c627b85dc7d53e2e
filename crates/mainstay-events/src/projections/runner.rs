//! What all lanes of a process share.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::{Clock, random};
use mainstay_db::Database;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::failures::Board;
use super::place::Place;
use super::settings::ProjectionSettings;
use crate::EventStore;
use crate::outbox::Outbox;

/// What all lanes of a process share.
#[derive(Debug)]
pub(super) struct Runner {
    store: EventStore,
    settings: ProjectionSettings,
    outbox: Option<Outbox>,
    holder: Uuid,
    board: Board,
    /// Grows with each transaction of any lane.
    moved: watch::Sender<u64>,
    /// When each lane was last seen alive.
    beats: Mutex<BTreeMap<Place, Instant>>,
}

impl Runner {
    pub(super) fn new(store: EventStore, settings: ProjectionSettings, outbox: Option<Outbox>) -> Self {
        let holder = random::uuid(store.clock());
        let (board, moved) = (Board::default(), watch::Sender::new(0));
        Self { store, settings, outbox, holder, board, moved, beats: Mutex::default() }
    }

    pub(super) fn store(&self) -> &EventStore {
        &self.store
    }

    pub(super) fn database(&self) -> &Database {
        self.store.database()
    }

    pub(super) fn clock(&self) -> &Clock {
        self.store.clock()
    }

    pub(super) fn now(&self) -> Instant {
        self.clock().now()
    }

    pub(super) fn settings(&self) -> &ProjectionSettings {
        &self.settings
    }

    pub(super) fn build(&self) -> &str {
        &self.settings.build
    }

    /// Where alerts and effects are put, if anybody is told of them.
    pub(super) fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    pub(super) fn holder(&self) -> Uuid {
        self.holder
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    /// Notes that some read model has changed.
    pub(super) fn moved(&self) {
        self.moved.send_modify(|moves| *moves += 1);
    }

    pub(super) fn moves(&self) -> u64 {
        *self.moved.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Notes that a lane is alive.
    pub(super) fn beat(&self, place: Place) {
        self.beats().insert(place, self.now());
    }

    /// A lane is not ours any more.
    pub(super) fn forget(&self, place: Place) {
        self.beats().remove(&place);
        self.board.forget(place);
    }

    /// How long the lane that was silent for the longest time has been so, for each projection.
    pub(super) fn ages(&self) -> BTreeMap<&'static str, Duration> {
        let now = self.now();
        let mut ages: BTreeMap<_, Duration> = BTreeMap::new();
        for (place, at) in self.beats().iter() {
            let age = ages.entry(place.name).or_default();
            *age = now.saturating_duration_since(*at).max(*age);
        }
        ages
    }

    fn beats(&self) -> MutexGuard<'_, BTreeMap<Place, Instant>> {
        // Each change is one insertion or removal.
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
