//! Who waits, and whose turn is next.
//!
//! | | |
//! |---|---|
//! | next | of the best priority; there, who had a permit before and lent it back; else the oldest, under overload the newest |
//! | full | the newest of the worst priority gives way to a newcomer of a better one; else the newcomer is turned away |
//! | waited too long when a turn comes, its own or under overload anybody's | turned away |
//!
//! Under overload the oldest has waited in vain already: its client may be gone, and serving it makes the next one
//! just as old. So it is told at once, and does not wait for as long as it was given when it came. Who had a permit
//! before is different: a part of its work is done.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::codel::{CoDel, Pace};
use crate::routes::Priority;

/// Where somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    priority: Priority,
    number: u64,
    returning: bool,
}

/// Requests that wait for a permit.
#[derive(Debug)]
pub(super) struct Queue<T> {
    lines: [Line<T>; Priority::ALL.len()],
    most: usize,
    /// How many newcomers wait. Who returns is not counted: it was let in when there was room.
    newcomers: usize,
    returning: usize,
    next: u64,
    codel: CoDel,
}

/// The requests of one priority, each by its number, and so by age.
#[derive(Debug)]
struct Line<T> {
    newcomers: BTreeMap<u64, Waiting<T>>,
    returning: BTreeMap<u64, Waiting<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    since: Instant,
    item: T,
}

/// What became of a newcomer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    /// It waits.
    Waits(Key),
    /// It waits in the place of somebody who is turned away.
    InPlaceOf(Key, Priority, T),
    /// It is turned away.
    Full,
}

/// Who is next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Popped<T> {
    /// Has the turn.
    Next(Priority, T),
    /// Has waited too long and is turned away; ask again for the next.
    Late(Priority, T),
}

impl<T> Queue<T> {
    /// An empty queue for so many newcomers.
    pub(super) fn new(most: usize, pace: Pace) -> Self {
        let lines = [(); Priority::ALL.len()]
            .map(|()| Line { newcomers: BTreeMap::new(), returning: BTreeMap::new() });
        Self { lines, most: most.max(1), newcomers: 0, returning: 0, next: 0, codel: CoDel::new(pace) }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.newcomers + self.returning
    }

    /// Whether the queue is standing.
    pub(super) fn is_overloaded(&self, now: Instant) -> bool {
        self.codel.is_overloaded(now)
    }

    /// Adapts to how long the work usually takes.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.codel.set_pace(pace);
    }

    /// Until when somebody who comes now may wait.
    pub(super) fn patience_ends(&self, now: Instant) -> Instant {
        now + self.codel.pace().patience(self.is_overloaded(now))
    }

    /// The best priority that somebody waits with.
    pub(super) fn best(&self) -> Option<Priority> {
        let waits = |priority: &&Priority| {
            let line = &self.lines[priority.index()];
            !(line.newcomers.is_empty() && line.returning.is_empty())
        };
        Priority::ALL.iter().find(waits).copied()
    }

    /// Adds a newcomer.
    pub(super) fn push(&mut self, now: Instant, priority: Priority, item: T) -> Pushed<T> {
        if self.newcomers < self.most {
            return Pushed::Waits(self.enter(now, priority, item));
        }
        let worse = Priority::ALL.iter().rev().take_while(|other| **other > priority);
        for other in worse {
            if let Some((_, out)) = self.lines[other.index()].newcomers.pop_last() {
                self.newcomers -= 1;
                return Pushed::InPlaceOf(self.enter(now, priority, item), *other, out.item);
            }
        }
        Pushed::Full
    }

    /// Adds somebody who had a permit before.
    pub(super) fn push_returning(&mut self, now: Instant, priority: Priority, item: T) -> Key {
        let number = self.number();
        self.lines[priority.index()].returning.insert(number, Waiting { since: now, item });
        self.returning += 1;
        Key { priority, number, returning: true }
    }

    /// Takes out who is next; `None` when nobody waits.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Popped<T>> {
        self.note(now);
        let priority = self.best()?;
        let overloaded = self.is_overloaded(now);
        if overloaded && let Some((priority, item)) = self.pop_late(now) {
            return Some(Popped::Late(priority, item));
        }
        let line = &mut self.lines[priority.index()];
        if let Some((_, waiting)) = line.returning.pop_first() {
            self.returning -= 1;
            return Some(Popped::Next(priority, waiting.item));
        }
        let newcomers = &mut line.newcomers;
        let (_, waiting) = if overloaded { newcomers.pop_last() } else { newcomers.pop_first() }?;
        self.newcomers -= 1;
        let waited = now.saturating_duration_since(waiting.since);
        let late = waited > self.codel.pace().patience(overloaded);
        Some(if late { Popped::Late(priority, waiting.item) } else { Popped::Next(priority, waiting.item) })
    }

    /// Takes out somebody who waits no longer; `None` when that was done already.
    pub(super) fn remove(&mut self, now: Instant, key: Key) -> Option<T> {
        self.note(now);
        let line = &mut self.lines[key.priority.index()];
        let (line, count) = if key.returning {
            (&mut line.returning, &mut self.returning)
        } else {
            (&mut line.newcomers, &mut self.newcomers)
        };
        let waiting = line.remove(&key.number)?;
        *count -= 1;
        Some(waiting.item)
    }

    /// Takes out a newcomer of any priority who has waited too long.
    fn pop_late(&mut self, now: Instant) -> Option<(Priority, T)> {
        let patience = self.codel.pace().patience(true);
        let is_late = |waiting: &Waiting<T>| now.saturating_duration_since(waiting.since) > patience;
        let late = Priority::ALL.iter().zip(&mut self.lines).find_map(|(priority, line)| {
            let oldest = line.newcomers.first_entry().filter(|oldest| is_late(oldest.get()))?;
            Some((*priority, oldest.remove().item))
        })?;
        self.newcomers -= 1;
        Some(late)
    }

    fn enter(&mut self, now: Instant, priority: Priority, item: T) -> Key {
        let number = self.number();
        self.lines[priority.index()].newcomers.insert(number, Waiting { since: now, item });
        self.newcomers += 1;
        Key { priority, number, returning: false }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Tells CoDel how long the oldest newcomer has waited.
    fn note(&mut self, now: Instant) {
        let oldest = self.lines.iter().filter_map(|line| line.newcomers.values().next());
        let since = oldest.map(|waiting| waiting.since).min();
        self.codel
            .note(now, since.map_or_else(Default::default, |since| now.saturating_duration_since(since)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mainstay_core::Clock;

    use super::*;
    use crate::routes::Cost;
    use Priority::{Background, Bulk, Default as Normal, Identity, Interactive};

    const MS: Duration = Duration::from_millis(1);

    fn queue(most: usize) -> (Queue<u32>, Instant) {
        (Queue::new(most, Pace::of(Cost::Quick, Duration::ZERO)), Clock::manual().0.now())
    }

    fn drain(queue: &mut Queue<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(now))
            .map(|popped| match popped {
                Popped::Next(_, item) | Popped::Late(_, item) => item,
            })
            .collect()
    }

    #[test]
    fn the_best_go_first_and_among_equals_the_oldest() {
        let (mut queue, now) = queue(10);
        for (item, priority) in [(1, Bulk), (2, Normal), (3, Identity), (4, Normal), (5, Interactive)] {
            assert!(matches!(queue.push(now, priority, item), Pushed::Waits(_)));
        }
        queue.push_returning(now, Normal, 6);
        assert_eq!(drain(&mut queue, now), [3, 5, 6, 2, 4, 1]);
        assert_eq!((queue.len(), queue.best()), (0, None));
    }

    #[test]
    fn when_it_is_full_the_newest_of_the_worst_gives_way() {
        let (mut queue, now) = queue(3);
        for (item, priority) in [(1, Bulk), (2, Bulk), (3, Interactive)] {
            queue.push(now, priority, item);
        }
        assert_eq!(queue.push(now, Background, 4), Pushed::Full);
        assert_eq!(queue.push(now, Bulk, 5), Pushed::Full);
        assert!(matches!(queue.push(now, Normal, 6), Pushed::InPlaceOf(_, Bulk, 2)));
        assert!(matches!(queue.push(now, Normal, 7), Pushed::InPlaceOf(_, Bulk, 1)));
        assert_eq!(queue.push(now, Normal, 8), Pushed::Full);
        assert!(matches!(queue.push(now, Identity, 9), Pushed::InPlaceOf(_, Normal, 7)));
        assert_eq!(drain(&mut queue, now), [9, 3, 6]);
    }

    #[test]
    fn under_overload_the_newest_go_first_and_the_old_are_late() {
        let (mut queue, start) = queue(1_000);
        let mut now = start;
        // A newcomer each millisecond, a turn each fifth: the queue stands.
        for item in 0..300 {
            now += MS;
            queue.push(now, Normal, item);
            if item % 5 == 0 {
                queue.pop(now);
            }
        }
        assert!(queue.is_overloaded(now));
        assert_eq!(queue.patience_ends(now), now + 10 * MS);
        // Whoever has waited in vain is told so at the next turn, and then the newest has it.
        let is_late = |popped: &Popped<u32>| matches!(popped, Popped::Late(..));
        let mut popped = std::iter::from_fn(|| queue.pop(now)).peekable();
        assert!(std::iter::from_fn(|| popped.next_if(is_late)).count() > 100);
        assert_eq!(popped.next(), Some(Popped::Next(Normal, 299)));
        assert!(popped.all(|popped| !is_late(&popped)));
    }

    #[test]
    fn who_leaves_is_gone_once() {
        let (mut queue, now) = queue(2);
        let Pushed::Waits(key) = queue.push(now, Normal, 1) else { panic!("there is room") };
        let returning = queue.push_returning(now, Normal, 2);
        assert_eq!(queue.remove(now, key), Some(1));
        assert_eq!(queue.remove(now, key), None);
        assert_eq!(queue.remove(now, returning), Some(2));
        assert_eq!(queue.len(), 0);
    }
}
