//! A store that can be watched, slowed down and broken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::session::store::{
    Changes, Inserted, Mark, Patched, Rotated, Rotation, SessionStore, StoreError, Storing, Whose,
};
use crate::session::{Epoch, Generation, Patch, SessionId, SessionRecord, SessionSummary, TokenId, UserId};

/// Another store behind probes.
pub(super) struct Probed {
    inner: Arc<dyn SessionStore>,
    pub(super) is_broken: AtomicBool,
    /// Whether only the ending of surplus sessions is broken.
    pub(super) cannot_end_beyond: AtomicBool,
    calls: Mutex<Vec<&'static str>>,
    /// The state of a small generator of numbers; 0 never waits.
    seed: AtomicU64,
}

impl Probed {
    pub(super) fn new(inner: Arc<dyn SessionStore>) -> Self {
        Self {
            inner,
            is_broken: AtomicBool::new(false),
            cannot_end_beyond: AtomicBool::new(false),
            calls: Mutex::default(),
            seed: AtomicU64::new(0),
        }
    }

    /// Lets others run for a while that the seed decides, before and after each call.
    pub(super) fn linger_by(&self, seed: u64) {
        self.seed.store(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, Ordering::Relaxed);
    }

    /// The functions that were called since the last look.
    pub(super) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn linger(&self) {
        let mut seed = self.seed.load(Ordering::Relaxed);
        if seed == 0 {
            return;
        }
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        self.seed.store(seed, Ordering::Relaxed);
        for _ in 0..seed % 5 {
            tokio::task::yield_now().await;
        }
    }

    fn through<'a, T: Send + 'a>(&'a self, name: &'static str, call: Storing<'a, T>) -> Storing<'a, T> {
        Box::pin(async move {
            self.calls.lock().unwrap().push(name);
            self.linger().await;
            let is_broken = name == "end_beyond" && self.cannot_end_beyond.load(Ordering::Relaxed);
            if is_broken || self.is_broken.load(Ordering::Relaxed) {
                return Err(StoreError::Other("pulled out".into()));
            }
            let answer = call.await;
            self.linger().await;
            answer
        })
    }
}

/// Calls the other store when the probe lets it, and not before: its functions may answer at once.
macro_rules! through {
    ($self:ident.$name:ident($($argument:ident),*)) => {
        $self.through(stringify!($name), Box::pin(async move { $self.inner.$name($($argument),*).await }))
    };
}

impl SessionStore for Probed {
    fn name(&self) -> &'static str {
        "probed"
    }

    fn epoch(&self, user: UserId) -> Storing<'_, Epoch> {
        through!(self.epoch(user))
    }

    fn insert<'a>(&'a self, record: &'a SessionRecord) -> Storing<'a, Inserted> {
        through!(self.insert(record))
    }

    fn load(&self, token: TokenId) -> Storing<'_, Option<SessionRecord>> {
        through!(self.load(token))
    }

    fn patch<'a>(
        &'a self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &'a Patch,
    ) -> Storing<'a, Patched> {
        through!(self.patch(token, expected, patch))
    }

    fn rotate<'a>(&'a self, old: TokenId, rotation: &'a Rotation) -> Storing<'a, Rotated> {
        through!(self.rotate(old, rotation))
    }

    fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Storing<'_, bool> {
        through!(self.revoke(id, owner))
    }

    fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Storing<'_, ()> {
        through!(self.revoke_all(whose, keep))
    }

    fn end_beyond(&self, user: UserId, most: u32, keep: SessionId) -> Storing<'_, u64> {
        through!(self.end_beyond(user, most, keep))
    }

    fn changes(&self, since: Option<Mark>) -> Storing<'_, Changes> {
        through!(self.changes(since))
    }

    fn list(&self, user: UserId, limit: u32) -> Storing<'_, Vec<SessionSummary>> {
        through!(self.list(user, limit))
    }

    fn touch<'a>(&'a self, seen: &'a [(SessionId, Timestamp)]) -> Storing<'a, u64> {
        through!(self.touch(seen))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> Storing<'_, u64> {
        through!(self.sweep(now, limit))
    }
}
