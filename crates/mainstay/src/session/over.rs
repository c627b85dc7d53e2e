//! Telling answers that last, such as event streams, that their session is over.

use std::time::Duration;

use jiff::Timestamp;

use super::cache::{Found, Lookup};
use super::handle::Session;
use super::service::{Inner, Sessions};

/// How often a lasting answer looks by itself: for time, and for what nobody follows.
const LOOK: Duration = Duration::from_secs(30);

impl Sessions {
    /// Waits until the session that a request came with is over: ended by anybody, its token replaced, or expired.
    /// Comes back at once when the request had none.
    ///
    /// An answer that goes on for long, such as a stream of events, ends itself then. What this instance ends is
    /// noticed at once, what others end within a second ([`Sessions::follow`]), and time within half a minute. Waiting does not count as use, and while the store does
    /// not answer the session is taken to go on until it expires.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn over(&self, session: &Session) {
        let Some(found) = session.live() else { return };
        let mut ended = self.inner.ended.subscribe();
        while self.inner.goes_on(found).await {
            // The sender lives as long as this service does, so this waits rather than fails.
            let _ = tokio::time::timeout(LOOK, ended.changed()).await;
        }
    }
}

impl Inner {
    /// Wakes whoever waits for a session to be over. Called after it is, when no request passes with it any more.
    pub(super) fn announce_end(&self) {
        self.ended.send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn goes_on(&self, opened: &Found) -> bool {
        let now = self.clock.timestamp();
        let lasts = |found: &Found, seen: Timestamp| {
            let seen = self.last_seen.of(found.record.id).unwrap_or(seen).max(seen);
            !found.record.expiry.is_over(seen, now)
        };
        if let Lookup::Hit(found) = self.cache.peek(opened.record.token) {
            return lasts(&found, found.seen.at());
        }
        match self.store.load(opened.record.token).await {
            Ok(Some(record)) => lasts(opened, record.last_seen_at),
            Ok(None) => false,
            Err(_) => lasts(opened, opened.seen.at()),
        }
    }
}
