//! What was changed of sessions, for the caches of all who share a store.

use std::collections::VecDeque;

use crate::session::record::{SessionId, UserId};

/// Most changes that are told one by one.
pub const MAX_CHANGES: usize = 1_000;

/// How many changes there were. It only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub i64);

/// What was changed: its row, its token, or that it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// One session.
    Session(SessionId),
    /// Those of a user.
    User(UserId),
    /// All of them; also where it is not known any more which.
    All,
}

/// What was changed since a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The mark to ask with the next time.
    pub mark: Mark,
    /// What was changed until then.
    pub changed: Vec<Changed>,
}

/// The changes of a store in this process.
#[derive(Debug, Default)]
pub(super) struct Journal {
    mark: Mark,
    latest: VecDeque<Changed>,
}

impl Changes {
    /// From what a store found between two marks. There is one change for each number; if some are missing, too much
    /// time has passed, or the store was put back to an earlier state.
    pub(super) fn between(since: Option<Mark>, mark: Mark, changed: Vec<Changed>) -> Self {
        let expected =
            since.map(|since| mark.0.checked_sub(since.0).and_then(|count| usize::try_from(count).ok()));
        let changed = match expected {
            None => Vec::new(),
            Some(Some(count)) if count == changed.len() => changed,
            Some(_) => vec![Changed::All],
        };
        Self { mark, changed }
    }
}

impl Journal {
    pub(super) fn note(&mut self, changed: Changed) {
        self.mark.0 += 1;
        if self.latest.len() == MAX_CHANGES {
            self.latest.pop_front();
        }
        self.latest.push_back(changed);
    }

    pub(super) fn since(&self, since: Option<Mark>) -> Changes {
        let count = since.and_then(|since| usize::try_from(self.mark.0.checked_sub(since.0)?).ok());
        let passed_over = self.latest.len().saturating_sub(count.unwrap_or_default());
        Changes::between(since, self.mark, self.latest.iter().skip(passed_over).copied().collect())
    }
}
