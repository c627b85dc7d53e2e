//! The server is killed amid the work, as a power cut does it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use mainstay_db::{DatabaseSettings, DatabaseUrl};
use mainstay_servers::Postgres;

use crate::log::{insist, noting, open, streams};

const CALLERS: usize = 8;
const EACH: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let postgres = Postgres::options().durable().start();
    let own = postgres.create_database();
    let (database, store) = open(&DatabaseSettings::new(DatabaseUrl::parse(&own.url()).unwrap())).await;
    let acknowledged = AtomicUsize::new(0);
    let caller = async |caller: usize| {
        let mut most = 0;
        for number in (0..EACH).map(|turn| caller * EACH + turn) {
            let failed = AtomicUsize::new(0);
            insist(&store, noting(number), &failed).await;
            acknowledged.fetch_add(1, Ordering::Relaxed);
            most = most.max(1 + failed.into_inner());
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
