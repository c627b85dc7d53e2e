use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use mainstay_db::{Connection, DatabaseSettings};

use super::{Happened, check_invariants, open, stream};
use crate::{
    Append, AppendError, Applying, EventStore, Expected, InlineProjection, Position, ProjectionError,
    RecordedEvent,
};

const WRITERS: u64 = 32;
const APPENDS: u64 = 20;

/// Fails one append in four, before or after it has done something.
struct Flaky;

impl InlineProjection for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn apply<'a>(&'a self, transaction: &'a mut Connection, _: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            match random::below(8) {
                0 => Err(ProjectionError::Refused("by lot".into())),
                1 => {
                    mainstay_db::query("insert into nowhere values (1)").execute(transaction).await?;
                    Ok(())
                }
                2 => {
                    tokio::task::yield_now().await;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }
}

/// What one writer appends in one go: an event of its own stream, and one of a stream that all share.
fn contribution(writer: u64, number: u64) -> Append {
    let own = Happened::Noted(number);
    let shared = Happened::Noted(writer * 1_000 + number);
    Append::new().events(&stream(format!("own-{writer}")), Expected::Any, &[own]).events(
        &stream("shared"),
        Expected::Any,
        &[shared],
    )
}

/// Writers that fail, give up half way and try again; a reader that follows meanwhile. Nothing acknowledged is
/// missing, nothing is there twice, and the reader saw every position in its order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_leave_one_gapless_log() {
    let settings = DatabaseSettings { pool_timeout: Duration::from_mins(1), ..DatabaseSettings::in_memory() };
    let store = EventStore::with_projections(open(&settings).await, Clock::system(), vec![Arc::new(Flaky)]);
    let tasks = Tasks::new();
    let done = Arc::new(AtomicBool::new(false));

    let (log, finished) = (store.clone(), Arc::clone(&done));
    let follower = tasks.spawn("follower", async move {
        let mut head = log.watch();
        let mut seen = Position::START;
        loop {
            // Before the read: what is appended during it wakes us again.
            head.borrow_and_update();
            let last_round = finished.load(Ordering::Acquire);
            let page = log.read_from(seen, 50).await.expect("no gap in any snapshot");
            match page.last() {
                Some(event) => seen = event.position,
                None if last_round => return seen,
                None => {
                    // The time-out is the look without being woken that `watch` asks for.
                    let _ = tokio::time::timeout(Duration::from_millis(20), head.changed()).await;
                }
            }
        }
    });

    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tasks.spawn("writer", async move {
                let mut acknowledged = 0;
                for number in 0..APPENDS {
                    acknowledged += u64::from(append_stubbornly(&store, writer, number).await);
                }
                acknowledged
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.await.expect("no panic"), APPENDS);
    }
    done.store(true, Ordering::Release);

    let log = check_invariants(&store).await;
    assert_eq!(log.len() as u64, WRITERS * APPENDS * 2, "each append once");
    assert_eq!(follower.await.expect("no panic").get(), log.len() as u64);
    let shared: BTreeSet<_> = log
        .iter()
        .filter(|event| event.stream == stream("shared"))
        .map(|event| event.payload.clone())
        .collect();
    assert_eq!(shared.len() as u64, WRITERS * APPENDS);
}

/// Repeats one append under one id until it is acknowledged; drops it now and then at a random moment.
async fn append_stubbornly(store: &EventStore, writer: u64, number: u64) -> bool {
    let id = random::uuid(&Clock::system());
    for _ in 0..200 {
        let append = store.append(contribution(writer, number).idempotent(id));
        let result = if random::below(4) == 0 {
            let patience = Duration::from_micros(random::below(3_000));
            match tokio::time::timeout(patience, append).await {
                Ok(result) => result,
                Err(_) => continue,
            }
        } else {
            append.await
        };
        match result {
            Ok(_) => return true,
            Err(AppendError::Projection { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    false
}

/// Of many who decide on the same version, exactly one wins each round.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_wins_each_version() {
    let settings = DatabaseSettings { pool_timeout: Duration::from_mins(1), ..DatabaseSettings::in_memory() };
    let store = EventStore::new(open(&settings).await, Clock::system());
    let tasks = Tasks::new();
    for round in 0..10 {
        let rivals: Vec<_> = (0..8)
            .map(|rival| {
                let store = store.clone();
                tasks.spawn("rival", async move {
                    let expected = Expected::Exact(crate::Version::new(round));
                    let append = Append::new().events(&stream("prize"), expected, &[Happened::Noted(rival)]);
                    store.append(append).await
                })
            })
            .collect();
        let mut winners = 0;
        for rival in rivals {
            match rival.await.expect("no panic") {
                Ok(_) => winners += 1,
                Err(AppendError::WrongVersion { actual, .. }) => {
                    assert_eq!(actual, Some(crate::Version::new(round + 1)));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(winners, 1);
    }
    check_invariants(&store).await;
}
