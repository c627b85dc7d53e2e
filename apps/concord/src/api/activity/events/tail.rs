//! The end of the log, read and rendered once for everybody who listens.
//!
//! An event wakes all who listen. If each of them read it, ten thousand would stand before the pool of the database at
//! once, and most would be turned away. So the first one reads, the others wait for it, and all send the same bytes. Who
//! is further behind than what is kept reads for itself until it is there.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use mainstay_core::Clock;
use mainstay_events::{EventStore, Position, ReadError, RecordedEvent};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::api::activity::happening::Happening;

/// Events that are read at once.
const PAGE: u32 = 100;

/// Pages that are kept: those who are slower read for themselves.
const KEPT: usize = 64;

/// So many at a time: the pool of the database is not theirs alone.
const STRAGGLERS: usize = 2;

/// Without being told of news, the log is looked at no more often than this, however many listen.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Tail {
    store: EventStore,
    clock: Clock,
    recent: Mutex<Recent>,
    /// Who holds it reads for all.
    turn: Semaphore,
    stragglers: Semaphore,
}

/// A part of the log without gaps, which ends where it was read last.
#[derive(Debug, Default)]
struct Recent {
    pages: VecDeque<Told>,
    /// The last event that was read.
    end: Position,
    /// When the log was looked at behind it, and where it was said to end then.
    looked: Option<(Instant, Position)>,
}

/// Events as clients get them.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The event before the first.
    before: Position,
    /// The last.
    pub(super) last: Position,
    pub(super) text: Bytes,
}

/// What is known without a look at the log.
enum Known {
    Told(Told),
    /// There is nothing more.
    Nothing,
    /// The log has to be read behind the end.
    Unread,
    /// It is not kept any more.
    TooOld,
}

impl Tail {
    pub(super) fn new(store: EventStore, clock: Clock) -> Self {
        Self {
            store,
            clock,
            recent: Mutex::default(),
            turn: Semaphore::new(1),
            stragglers: Semaphore::new(STRAGGLERS),
        }
    }

    /// The log ends here, which may be before what was read of it: it was restored.
    pub(super) fn ends_at(&self, head: Position) {
        let mut recent = self.recent();
        if recent.end > head {
            *recent = Recent::default();
        }
    }

    /// What comes behind a position; `None` when nothing does yet. `head` is where the log is said to end.
    pub(super) async fn behind(&self, after: Position, head: Position) -> Result<Option<Told>, ReadError> {
        let mut turn = None;
        loop {
            match self.known(after, head) {
                Known::Told(told) => return Ok(Some(told)),
                Known::Nothing => return Ok(None),
                Known::TooOld => {
                    // Neither is ever closed.
                    let _place = self.stragglers.acquire().await;
                    return Ok(told(after, self.store.read_from(after, PAGE).await?));
                }
                // Somebody may read while we wait for the turn: look again.
                Known::Unread if turn.is_none() => turn = Some(self.turn.acquire().await),
                Known::Unread => {
                    let end = self.recent().end;
                    let page = told(end, self.store.read_from(end, PAGE).await?);
                    self.keep(page, head);
                }
            }
        }
    }

    fn known(&self, after: Position, head: Position) -> Known {
        let mut recent = self.recent();
        let kept = KEPT as u64 * u64::from(PAGE);
        if after.get().saturating_sub(recent.end.get()) > kept {
            // Nobody has listened for a while.
            *recent = Recent { end: after, ..Recent::default() };
        }
        if after < recent.end {
            let next = recent.pages.iter().find(|page| page.before == after);
            return next.map_or(Known::TooOld, |page| Known::Told(page.clone()));
        }
        let is_known = |(looked, said): (Instant, Position)| head <= said && self.clock.now() < looked + LOOK;
        if recent.looked.is_some_and(is_known) { Known::Nothing } else { Known::Unread }
    }

    fn keep(&self, page: Option<Told>, head: Position) {
        let mut recent = self.recent();
        let Some(page) = page else {
            recent.looked = Some((self.clock.now(), head));
            return;
        };
        // More may come behind a page at once.
        recent.looked = None;
        recent.end = page.last;
        recent.pages.push_back(page);
        if recent.pages.len() > KEPT {
            recent.pages.pop_front();
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        // Each change is one assignment.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of the log as text; `None` for an empty one.
fn told(before: Position, page: Vec<RecordedEvent>) -> Option<Told> {
    let last = page.last()?.position;
    let mut text = String::new();
    for event in page {
        let happening = Happening::from(event);
        // Texts and numbers always serialise; JSON has no line breaks in it.
        let data = serde_json::to_string(&happening).unwrap_or_default();
        let Happening { position, r#type, .. } = &happening;
        // Infallible: a `String` takes what it is given.
        let _ = write!(text, "id: {position}\nevent: {type}\ndata: {data}\n\n");
    }
    Some(Told { before, last, text: text.into() })
}

#[cfg(test)]
mod tests;
