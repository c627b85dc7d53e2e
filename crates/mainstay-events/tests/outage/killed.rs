//! The server is killed amid the work, as a power cut does it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use mainstay_core::{Clock, random};
use mainstay_db::{DatabaseSettings, DatabaseUrl};
use mainstay_events::{AppendError, EventStore};
use mainstay_servers::Postgres;

use crate::log::{noting, open, streams};

const CALLERS: usize = 8;
const EACH: usize = 40;

/// Appends under one id until it is known to be made; says in how many tries.
async fn insist(store: &EventStore, number: usize, acknowledged: &AtomicUsize) -> usize {
    let id = random::uuid(&Clock::system());
    for tries in 1.. {
        match store.append(noting(number).idempotent(id)).await {
            Ok(_) => {
                acknowledged.fetch_add(1, Ordering::Relaxed);
                return tries;
            }
            Err(AppendError::Database(error)) if error.is_transient() => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(other) => panic!("{number}: {other}"),
        }
    }
    unreachable!("it goes on until it is made")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let postgres = Postgres::options().durable().start();
    let own = postgres.create_database();
    let (database, store) = open(&DatabaseSettings::new(DatabaseUrl::parse(&own.url()).unwrap())).await;
    let acknowledged = AtomicUsize::new(0);
    let caller = async |caller: usize| {
        let mut most = 0;
        for number in (0..EACH).map(|turn| caller * EACH + turn) {
            most = most.max(insist(&store, number, &acknowledged).await);
        }
        most
    };
    let callers = join_all((0..CALLERS).map(caller));
    let end = CALLERS * EACH;
    let breaking = async {
        for part in [4, 2] {
            while acknowledged.load(Ordering::Relaxed) < end / part {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // Blocking is meant: the callers on this thread find out only afterwards, those on the other at once.
            tokio::task::block_in_place(|| {
                postgres.kill();
                postgres.start_again();
            });
        }
    };
    let probing = async {
        loop {
            let _ = database.probe().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let work = async { futures_util::join!(callers, breaking).0 };
    let tries = tokio::select! {
        tries = work => tries,
        () = probing => unreachable!("it never ends"),
    };
    assert!(tries.iter().any(|most| *most > 1), "nobody noticed that the server was killed");
    let streams = streams(&store).await;
    assert_eq!(streams.len(), end, "each append has one event, and positions have no gap");
    assert_eq!(streams.into_iter().collect::<BTreeSet<_>>().len(), end);
}
