//! When sessions were last seen: noted at each request, written now and then.
//!
//! A session's idle time needs the note of its last request; a write for each request would make the store the
//! bottleneck of every page. So notes gather here, and are written once a minute at most.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::record::SessionId;

/// Most notes that wait to be written. When they are all there is room for, they are written at once; what does not
/// fit meanwhile is dropped, and its session looks as if it had been seen a little earlier.
const MAX_NOTES: usize = 50_000;

/// Longest wait of a note.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A note younger than this is good enough: it saves the lock for most requests of a busy session.
const FINE_ENOUGH: Duration = Duration::from_secs(1);

/// When a cached session was last seen, in microseconds since 1970.
#[derive(Debug)]
pub(super) struct Seen(AtomicI64);

/// Notes that wait to be written.
#[derive(Debug, Default)]
pub(super) struct LastSeen {
    notes: Mutex<HashMap<SessionId, Timestamp>>,
    full: Notify,
}

/// How long notes wait before they are written: not so long that the idle time would be off by more than a twentieth.
pub(super) fn interval(idle: Duration) -> Duration {
    (idle / 20).clamp(Duration::from_secs(1), LONGEST_WAIT)
}

impl Seen {
    pub(super) fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_microsecond()))
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN)
    }

    /// Notes that the session was seen. Returns whether that is news worth writing down.
    fn note(&self, now: Timestamp) -> bool {
        let fine_enough = i64::try_from(FINE_ENOUGH.as_micros()).unwrap_or(i64::MAX);
        let now = now.as_microsecond();
        let before = self.0.load(Ordering::Relaxed);
        // Of two requests at once one writes the note.
        now.saturating_sub(before) >= fine_enough
            && self.0.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl LastSeen {
    /// Notes that a session was seen.
    pub(super) fn note(&self, id: SessionId, seen: &Seen, now: Timestamp) {
        if !seen.note(now) {
            return;
        }
        let mut notes = self.notes();
        if notes.len() < MAX_NOTES || notes.contains_key(&id) {
            notes.insert(id, now);
        }
        let is_full = notes.len() >= MAX_NOTES;
        drop(notes);
        if is_full {
            self.full.notify_one();
        }
    }

    /// When a session was seen, if that is not written yet.
    pub(super) fn of(&self, id: SessionId) -> Option<Timestamp> {
        self.notes().get(&id).copied()
    }

    /// All notes, which stay until they are [written](LastSeen::written).
    pub(super) fn all(&self) -> Vec<(SessionId, Timestamp)> {
        self.notes().iter().map(|(id, at)| (*id, *at)).collect()
    }

    /// Drops notes that are in the store now; newer ones of the same sessions stay.
    pub(super) fn written(&self, written: &[(SessionId, Timestamp)]) {
        let mut notes = self.notes();
        for (id, at) in written {
            if notes.get(id) == Some(at) {
                notes.remove(id);
            }
        }
    }

    /// Waits until there is no room for more notes.
    pub(super) async fn full(&self) {
        self.full.notified().await;
    }

    fn notes(&self) -> MutexGuard<'_, HashMap<SessionId, Timestamp>> {
        // A map of times: a panic elsewhere cannot leave it half written.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
