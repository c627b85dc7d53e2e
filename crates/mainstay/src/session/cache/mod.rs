//! Sessions that were found lately, so that a request of a signed-in user does not wait for the store.
//!
//! What is cached may be used for five minutes at most, and not at all once this process has changed or ended the
//! session, or ended all of its user's.
//!
//! # The race of the fill
//!
//! A request misses, and reads the row; another one ends the session; the first one stores what it has read. To keep
//! that row out, a miss gives a [`Ticket`], drawn *before* the row is read, and the cache counts what happens:
//! whatever was touched since the ticket was drawn is not taken in, and not given out.
//!
//! There is no negative caching: a session that was not found is looked for again the next time.

mod memory;
mod shard;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Clock;

use super::config::CacheKind;
use super::last_seen::Seen;
use super::record::{SessionId, SessionRecord, UserId};
use super::token::TokenId;
use crate::telemetry::metrics::SessionMeter;

pub(super) use memory::Ticket;

use memory::MemoryCache;

/// Most sessions in the cache.
const CAPACITY: usize = 100_000;

/// Longest use of what was read from the store.
const LONGEST_USE: Duration = Duration::from_mins(5);

/// A session that was found, with what is known of its use since.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: SessionRecord,
    pub(super) seen: Seen,
}

/// A cache, or none.
pub(super) struct SessionCache {
    memory: Option<MemoryCache>,
    meter: SessionMeter,
}

/// What a cache knows of a session.
#[derive(Debug)]
pub(super) enum Lookup {
    Hit(Arc<Found>),
    /// The store knows; what it says may be brought back with the ticket.
    Miss(Ticket),
    /// The store knows, and nothing is brought back.
    Bypass,
}

impl SessionCache {
    pub(super) fn new(kind: CacheKind, clock: &Clock, meter: SessionMeter) -> Self {
        let memory = match kind {
            CacheKind::Memory => Some(MemoryCache::new(CAPACITY, LONGEST_USE, clock)),
            CacheKind::Off => None,
        };
        Self { memory, meter }
    }

    /// Looks without counting: for what is not a request.
    pub(super) fn peek(&self, token: TokenId) -> Lookup {
        self.memory.as_ref().map_or(Lookup::Bypass, |memory| memory.get(token))
    }

    pub(super) fn get(&self, token: TokenId) -> Lookup {
        let lookup = self.peek(token);
        match &lookup {
            Lookup::Hit(_) => self.meter.hit(),
            Lookup::Miss(_) => self.meter.miss(),
            Lookup::Bypass => self.meter.bypass(),
        }
        lookup
    }

    /// Takes in what was read from the store after the ticket was drawn.
    pub(super) fn fill(&self, ticket: Ticket, found: &Arc<Found>) {
        if let Some(memory) = &self.memory {
            memory.fill(ticket, found);
        }
    }

    /// Forgets what a token finds, after it was changed.
    pub(super) fn forget(&self, token: TokenId) {
        if let Some(memory) = &self.memory {
            memory.forget(token);
        }
    }

    /// Forgets a session whatever its tokens were, after it was ended. The one who replaced its last token may not have
    /// come to forget that one yet.
    pub(super) fn forget_session(&self, id: SessionId) {
        if let Some(memory) = &self.memory {
            memory.forget_session(id);
        }
    }

    /// Forgets all sessions of a user, however many there are.
    pub(super) fn forget_user(&self, user: UserId) {
        if let Some(memory) = &self.memory {
            memory.forget_user(user);
        }
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        if let Some(memory) = &self.memory {
            memory.forget_all();
        }
    }
}
