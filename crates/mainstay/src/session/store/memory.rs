//! Sessions in this process, for tests and for services that may forget them.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::changes::Journal;
use super::{
    Changed, Changes, Inserted, Mark, Patched, Rotated, Rotation, SessionStore, StoreError, Storing, Whose,
};
use crate::session::data::{Patch, SessionData};
use crate::session::record::{Epoch, Generation, SessionId, SessionRecord, SessionSummary, UserId};
use crate::session::token::TokenId;

/// Sessions in this process: they end with it, and no other instance knows of them.
///
/// It holds a fixed number of sessions. When it is full, the oldest one that nobody has signed in to makes room, so
/// strangers cannot push users out; when there is none, new sessions are refused.
#[derive(Clone)]
pub struct MemoryStore {
    capacity: usize,
    state: Arc<Mutex<State>>,
}

/// Lists and counts look at every session: there is no index that could disagree with the sessions.
#[derive(Default)]
struct State {
    sessions: HashMap<TokenId, SessionRecord>,
    tokens: HashMap<SessionId, TokenId>,
    /// In the order of their beginning.
    anonymous: BTreeSet<(Timestamp, TokenId)>,
    epochs: HashMap<UserId, Epoch>,
    everybody: Epoch,
    journal: Journal,
}

impl MemoryStore {
    /// An empty store for up to `capacity` sessions.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No step between two changes of a function below can panic, so they are all made or none is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn epoch(&self, user: UserId) -> Epoch {
        let own = self.epochs.get(&user).copied().unwrap_or_default();
        Epoch(own.0 + self.everybody.0)
    }

    fn is_current(&self, record: &SessionRecord) -> bool {
        record.subject.is_none_or(|subject| subject.epoch == self.epoch(subject.user))
    }

    fn live(&self, token: TokenId) -> Option<&SessionRecord> {
        self.sessions.get(&token).filter(|record| self.is_current(record))
    }

    fn put(&mut self, record: SessionRecord) {
        if record.subject.is_none() {
            self.anonymous.insert((record.created_at, record.token));
        }
        self.tokens.insert(record.id, record.token);
        self.sessions.insert(record.token, record);
    }

    fn take(&mut self, token: TokenId) -> Option<SessionRecord> {
        let record = self.sessions.remove(&token)?;
        self.tokens.remove(&record.id);
        self.anonymous.remove(&(record.created_at, token));
        Some(record)
    }

    /// Whether a session may come in, besides the ones that stay.
    fn admits(&self, record: &SessionRecord, replaced: Option<&SessionRecord>) -> Inserted {
        let taken = |by: &TokenId| replaced.is_none_or(|replaced| replaced.token != *by);
        let names =
            [self.sessions.get_key_value(&record.token).map(|(token, _)| token), self.tokens.get(&record.id)];
        if names.into_iter().flatten().any(taken) {
            Inserted::Taken
        } else if self.is_current(record) {
            Inserted::Done
        } else {
            Inserted::Superseded
        }
    }

    fn insert(&mut self, record: &SessionRecord, capacity: usize) -> Result<Inserted, StoreError> {
        let verdict = self.admits(record, None);
        if verdict != Inserted::Done {
            return Ok(verdict);
        }
        if self.sessions.len() >= capacity {
            let (_, oldest) = self.anonymous.first().copied().ok_or(StoreError::Full)?;
            self.take(oldest);
        }
        self.put(record.clone());
        if let Some(user) = record.user() {
            self.journal.note(Changed::User(user));
        }
        Ok(Inserted::Done)
    }

    fn patch(
        &mut self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &Patch,
    ) -> Result<Patched, StoreError> {
        let Some(record) = self.live(token) else { return Ok(Patched::Gone) };
        if expected.is_some_and(|expected| expected != record.generation) {
            return Ok(Patched::Stale(Box::new(record.clone())));
        }
        let (data, generation) = (record.data.patched(patch)?, record.generation.next());
        if let Some(record) = self.sessions.get_mut(&token) {
            (record.data, record.generation) = (data, generation);
            self.journal.note(Changed::Session(record.id));
        }
        Ok(Patched::Done(generation))
    }

    fn rotate(&mut self, old: TokenId, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let Some(record) = self.live(old) else { return Ok(Rotated::Gone) };
        if rotation.expected.is_some_and(|expected| expected != record.generation) {
            return Ok(Rotated::Stale(Box::new(record.clone())));
        }
        match self.admits(&rotation.to, Some(record)) {
            Inserted::Done => {}
            Inserted::Taken => return Ok(Rotated::Taken),
            Inserted::Superseded => return Ok(Rotated::Superseded),
        }
        let kept = if rotation.keeps_data { record.data.clone() } else { SessionData::default() };
        let (data, generation) = (kept.patched(&rotation.patch)?, record.generation.next());
        let id = record.id;
        self.take(old);
        self.journal.note(Changed::Session(id));
        if let Some(user) = rotation.to.user() {
            self.journal.note(Changed::User(user));
        }
        self.put(SessionRecord { generation, data, ..rotation.to.clone() });
        Ok(Rotated::Done)
    }

    fn revoke(&mut self, id: SessionId, owner: Option<UserId>) -> bool {
        let Some(record) = self.tokens.get(&id).and_then(|token| self.live(*token)) else { return false };
        if owner.is_some() && record.user() != owner {
            return false;
        }
        let token = record.token;
        self.journal.note(Changed::Session(id));
        self.take(token).is_some()
    }

    fn end_beyond(&mut self, user: UserId, most: u32, keep: SessionId) -> u64 {
        let mut of_user: Vec<_> = self.list(user, u32::MAX).into_iter().map(|summary| summary.id).collect();
        of_user.sort_by_key(|id| *id != keep);
        let most = most.max(1).try_into().unwrap_or(usize::MAX);
        let surplus: Vec<_> =
            of_user.iter().skip(most).filter_map(|id| self.tokens.get(id).copied()).collect();
        if !surplus.is_empty() {
            self.journal.note(Changed::User(user));
        }
        surplus.into_iter().filter_map(|token| self.take(token)).fold(0, |count, _| count + 1)
    }

    fn revoke_all(&mut self, whose: Whose, keep: Option<SessionId>) {
        // Only a live session can be kept.
        let kept = keep.and_then(|id| self.tokens.get(&id)).copied();
        let kept = kept.filter(|token| self.live(*token).is_some());
        let (epoch, changed) = match whose {
            Whose::User(user) => (self.epochs.entry(user).or_default(), Changed::User(user)),
            Whose::Everybody => (&mut self.everybody, Changed::All),
        };
        *epoch = epoch.next();
        self.journal.note(changed);
        let Some(subject) = kept.and_then(|token| self.sessions.get(&token)).and_then(|kept| kept.subject)
        else {
            return;
        };
        let now = self.epoch(subject.user);
        if let Some(subject) = kept.and_then(|token| self.sessions.get_mut(&token)?.subject.as_mut()) {
            subject.epoch = now;
        }
    }

    fn list(&self, user: UserId, limit: u32) -> Vec<SessionSummary> {
        let theirs = self.sessions.values().filter(|record| record.user() == Some(user));
        let mut list: Vec<_> =
            theirs.filter(|record| self.is_current(record)).map(SessionRecord::summary).collect();
        list.sort_by_key(|summary| (std::cmp::Reverse(summary.last_seen_at), summary.id));
        list.truncate(limit.try_into().unwrap_or(usize::MAX));
        list
    }

    fn touch(&mut self, seen: &[(SessionId, Timestamp)]) -> u64 {
        let mut found = 0;
        for (id, at) in seen {
            if let Some(record) = self.tokens.get(id).and_then(|token| self.sessions.get_mut(token)) {
                record.last_seen_at = record.last_seen_at.max(*at);
                found += 1;
            }
        }
        found
    }

    fn sweep(&mut self, now: Timestamp, limit: u32) -> u64 {
        let over = self.sessions.values().filter(|record| record.expiry.is_over(record.last_seen_at, now));
        let limit = limit.try_into().unwrap_or(usize::MAX);
        let over: Vec<_> = over.map(|record| record.token).take(limit).collect();
        over.into_iter().filter_map(|token| self.take(token)).fold(0, |count, _| count + 1)
    }
}

fn done<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> Storing<'a, T> {
    Box::pin(ready(answer))
}

impl SessionStore for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn epoch(&self, user: UserId) -> Storing<'_, Epoch> {
        done(Ok(self.state().epoch(user)))
    }

    fn insert<'a>(&'a self, record: &'a SessionRecord) -> Storing<'a, Inserted> {
        done(self.state().insert(record, self.capacity))
    }

    fn load(&self, token: TokenId) -> Storing<'_, Option<SessionRecord>> {
        done(Ok(self.state().live(token).cloned()))
    }

    fn patch<'a>(
        &'a self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &'a Patch,
    ) -> Storing<'a, Patched> {
        done(self.state().patch(token, expected, patch))
    }

    fn rotate<'a>(&'a self, old: TokenId, rotation: &'a Rotation) -> Storing<'a, Rotated> {
        done(self.state().rotate(old, rotation))
    }

    fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Storing<'_, bool> {
        done(Ok(self.state().revoke(id, owner)))
    }

    fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Storing<'_, ()> {
        self.state().revoke_all(whose, keep);
        done(Ok(()))
    }

    fn end_beyond(&self, user: UserId, most: u32, keep: SessionId) -> Storing<'_, u64> {
        done(Ok(self.state().end_beyond(user, most, keep)))
    }

    fn changes(&self, since: Option<Mark>) -> Storing<'_, Changes> {
        done(Ok(self.state().journal.since(since)))
    }

    fn list(&self, user: UserId, limit: u32) -> Storing<'_, Vec<SessionSummary>> {
        done(Ok(self.state().list(user, limit)))
    }

    fn touch<'a>(&'a self, seen: &'a [(SessionId, Timestamp)]) -> Storing<'a, u64> {
        done(Ok(self.state().touch(seen)))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> Storing<'_, u64> {
        done(Ok(self.state().sweep(now, limit)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
