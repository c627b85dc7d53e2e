//! Sessions that were found lately, so that a request of a signed-in user does not wait for the store.
//!
//! What is cached may be used for five minutes at most, and not at all once this process has changed or ended the
//! session, or ended all of its user's; nor a second after somebody else has.
//!
//! # The race of the fill
//!
//! A request misses, and reads the row; another one ends the session; the first one stores what it has read. To keep
//! that row out, a miss gives a [`Ticket`], drawn *before* the row is read, and the cache counts what happens:
//! whatever was touched since the ticket was drawn is not taken in, and not given out.
//!
//! # What others do
//!
//! Other instances, and commands, change sessions in the same store. [`Sessions::follow`](super::Sessions::follow) asks
//! the store for that four times a second, and renews a lease with each answer; while the lease does not hold, nothing
//! here is believed, and each request asks the store. So no request passes by what is cached a second after somebody
//! else has changed it, however late the answers come.
//!
//! There is no negative caching: a session that was not found is looked for again the next time.

mod lease;
mod memory;
mod shard;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Clock;
use tokio::time::Instant;

use super::config::CacheKind;
use super::last_seen::Seen;
use super::record::{SessionId, SessionRecord, UserId};
use super::token::TokenId;
use crate::telemetry::metrics::SessionMeter;

pub(super) use memory::Ticket;

use lease::Lease;
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
    lease: Lease,
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
        Self { memory, lease: Lease::new(clock), meter }
    }

    /// Looks without counting: for what is not a request.
    pub(super) fn peek(&self, token: TokenId) -> Lookup {
        match &self.memory {
            Some(memory) if self.lease.holds() => memory.get(token),
            _ => Lookup::Bypass,
        }
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

    /// Believes nothing until it is known what others have changed.
    pub(super) fn suspend(&self) {
        self.lease.suspend();
    }

    /// Believes what is cached for a time after others were asked, whose answer was heeded.
    pub(super) fn believe(&self, asked: Instant, holds: Duration) {
        self.lease.renew(asked, holds);
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
