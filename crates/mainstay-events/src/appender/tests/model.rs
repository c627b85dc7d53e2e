//! Ordering, against a model: many writers, random rollbacks, pauses and losses, and readers that only
//! remember the last position they have seen. What such a reader has not seen in the end, it has skipped.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mainstay_core::random;

use super::*;
use crate::Position;

const WRITERS: u64 = 32;
const APPENDS: u64 = 25;

/// What is under test: something that takes notes and gives them back by position.
trait Log: Send + Sync + 'static {
    /// Appends one note, maybe; `None` when it was rolled back.
    fn append(&self, note: u64) -> impl Future<Output = Option<u64>> + Send;

    /// The notes behind a position.
    fn read(&self, after: u64) -> impl Future<Output = Vec<(u64, u64)>> + Send;
}

/// The appender, with a projection that refuses by lot and a caller that goes away by lot.
struct Real {
    appender: Appender,
}

/// Refuses or waits by lot.
struct Moody;

impl InlineProjection for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn apply<'a>(&'a self, _: &'a mut Connection, _: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            match random::below(12) {
                0 => Err(ProjectionError::Refused("by lot".into())),
                1 => {
                    tokio::time::sleep(Duration::from_micros(random::below(2_000))).await;
                    Ok(())
                }
                2 => panic!("by lot"),
                _ => Ok(()),
            }
        })
    }
}

impl Log for Real {
    async fn append(&self, note: u64) -> Option<u64> {
        let id = random::uuid(&Clock::system());
        let append = || self.appender.append(noting(note % 7, note).idempotent(id));
        let first = match random::below(5) {
            // Gone before the answer: only a repetition under the id tells.
            0 => {
                let patience = Duration::from_micros(random::below(3_000));
                match tokio::time::timeout(patience, append()).await {
                    Ok(answer) => answer,
                    Err(_) => append().await,
                }
            }
            _ => append().await,
        };
        match first {
            Ok(appended) => Some(appended.last.get()),
            Err(AppendError::Projection { .. }) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn read(&self, after: u64) -> Vec<(u64, u64)> {
        let page = self.appender.store().read_from(Position::new(after), 50).await;
        let notes = page.expect("no gap in any snapshot").into_iter();
        notes
            .map(|event| match event.decode() {
                Ok(Happened::Noted(note)) => (event.position.get(), note),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

/// What many do: the position comes from a sequence, drawn before the commit.
#[derive(Default)]
struct PlainSequence {
    sequence: AtomicU64,
    committed: Mutex<BTreeSet<(u64, u64)>>,
}

impl Log for PlainSequence {
    async fn append(&self, note: u64) -> Option<u64> {
        let position = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::time::sleep(Duration::from_micros(random::below(2_000))).await;
        if random::below(12) == 0 {
            return None;
        }
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).insert((position, note));
        Some(position)
    }

    async fn read(&self, after: u64) -> Vec<(u64, u64)> {
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.range((after + 1, 0)..).take(50).copied().collect()
    }
}

/// What a reader missed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    appended: usize,
    skipped: usize,
    doubled: usize,
    holes: usize,
}

/// Lets writers and readers loose on a log.
async fn examine(log: Arc<impl Log>) -> Verdict {
    let tasks = Tasks::new();
    let done = Arc::new(AtomicBool::new(false));
    let (theirs, finished) = (Arc::clone(&log), Arc::clone(&done));
    let reader = tasks.spawn("reader", async move {
        let mut seen: Vec<(u64, u64)> = Vec::new();
        loop {
            let last_round = finished.load(Ordering::Acquire);
            let page = theirs.read(seen.last().map_or(0, |(position, _)| *position)).await;
            if page.is_empty() && last_round {
                return seen;
            }
            seen.extend(page);
            tokio::task::yield_now().await;
        }
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let log = Arc::clone(&log);
            tasks.spawn("writer", async move {
                let mut acknowledged = Vec::new();
                for number in 0..APPENDS {
                    let note = writer * 1_000 + number;
                    if let Some(position) = log.append(note).await {
                        acknowledged.push((position, note));
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    let mut count = 0;
    for writer in writers {
        let mine = writer.await.expect("no panic");
        count += mine.len();
        acknowledged.extend(mine);
    }
    done.store(true, Ordering::Release);
    let seen = reader.await.expect("no panic");
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    let notes: BTreeSet<_> = seen.iter().map(|(_, note)| *note).collect();
    let last = seen.last().map_or(0, |(position, _)| *position);
    Verdict {
        appended: count,
        skipped: acknowledged.difference(&distinct).count(),
        doubled: seen.len() - notes.len(),
        holes: usize::try_from(last).expect("a few") - distinct.len(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_skips_what_was_appended() {
    let settings = DatabaseSettings { pool_timeout: Duration::from_mins(1), ..DatabaseSettings::in_memory() };
    let store = EventStore::with_projections(open(&settings).await, Clock::system(), vec![Arc::new(Moody)]);
    let appender = Appender::start(store, &Tasks::new());
    let log = Arc::new(Real { appender });
    let verdict = examine(Arc::clone(&log)).await;
    let Verdict { appended, skipped, doubled, holes } = verdict;
    assert!(appended > 400, "{appended} were not refused");
    assert_eq!((skipped, doubled, holes), (0, 0, 0));
    check_invariants(log.appender.store()).await;
}

/// The examination is worth something: it finds the mistake that it is there for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plain_sequence_is_caught() {
    let verdict = examine(Arc::new(PlainSequence::default())).await;
    assert!(verdict.skipped > 0, "{verdict:?}");
    assert!(verdict.holes > 0, "{verdict:?}");
}
