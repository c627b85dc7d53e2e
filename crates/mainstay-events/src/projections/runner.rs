//! What all lanes of a process share.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::{Clock, random};
use mainstay_db::Database;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::board::Board;
use super::place::Place;
use crate::EventStore;
use crate::outbox::Outbox;

/// How projections run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectionSettings {
    /// Events of the first page that a lane reads; later ones are as large as memory allows.
    pub page: u32,
    /// How often a lane looks without being woken: for events of other processes, and for wishes of operators.
    pub poll: Duration,
    /// How long a lane of a process that is gone stays with it.
    pub lease: Duration,
    /// The waits before an event that cannot be applied is tried again.
    pub retries: [Duration; 3],
    /// The longest wait before a database that fails is tried again.
    pub longest_wait: Duration,
    /// How often the log says again what fails.
    pub summary: Duration,
    /// Which build this is: another one tries once again what this one failed on.
    pub build: String,
}

/// What all lanes of a process share.
#[derive(Debug)]
pub(super) struct Runner {
    store: EventStore,
    reader: EventStore,
    settings: ProjectionSettings,
    outbox: Option<Outbox>,
    holder: Uuid,
    board: Board,
    /// Grows with each transaction of any lane.
    moved: watch::Sender<u64>,
    /// When each lane was last seen alive.
    beats: Mutex<BTreeMap<Place, Instant>>,
}

impl ProjectionSettings {
    /// The defaults, for a build.
    pub fn new(build: impl Into<String>) -> Self {
        Self {
            page: 500,
            poll: Duration::from_millis(250),
            lease: Duration::from_secs(15),
            retries: [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)],
            longest_wait: Duration::from_secs(30),
            summary: Duration::from_mins(1),
            build: build.into(),
        }
    }

    /// The wait after so many tries: random, within a bound that doubles.
    pub(super) fn back_off(&self, tries: u32) -> Duration {
        let bound = Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(tries.min(20)));
        let bound = u64::try_from(bound.min(self.longest_wait).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(bound / 2 + random::below(bound / 2 + 1))
    }
}

impl Runner {
    pub(super) fn new(store: EventStore, settings: ProjectionSettings, outbox: Option<Outbox>) -> Self {
        let holder = random::uuid(store.clock());
        let reader = store.clone();
        let (board, moved) = (Board::default(), watch::Sender::new(0));
        Self { store, reader, settings, outbox, holder, board, moved, beats: Mutex::default() }
    }

    pub(super) fn store(&self) -> &EventStore {
        &self.store
    }

    /// The log, for reading.
    pub(super) fn reader(&self) -> &EventStore {
        &self.reader
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
