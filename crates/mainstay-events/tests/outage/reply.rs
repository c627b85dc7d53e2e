//! The database did what it was asked, and the answer is lost on the way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_db::{DatabaseSettings, DatabaseUrl};
use mainstay_servers::{ChaosProxy, Postgres};

use crate::log::{insist, noting, open, streams};

/// The most appends in which the reply of a commit is looked for.
const ROUNDS: usize = 400;

/// Each append loses its connection after another number of bytes of replies: some before the commit, some at its reply.
/// The latter is short, and how many bytes come before it depends on what the connection has prepared: so the numbers go
/// through all that an append is answered, in steps that do not jump over it, until it was met.
#[tokio::test]
async fn a_commit_whose_reply_is_lost_has_one_effect() {
    let postgres = Postgres::start();
    let own = postgres.create_database();
    let proxy = ChaosProxy::start(postgres.address());
    let url = DatabaseUrl::parse(&own.url_by(proxy.address())).unwrap();
    let (database, store) = open(&DatabaseSettings::new(url)).await;
    let probing = async {
        loop {
            let _ = database.probe().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let working = async {
        let (mut rounds, mut repeated, mut lost) = (0, 0, 0);
        while rounds < ROUNDS && (repeated == 0 || lost <= 3) {
            let failed = AtomicUsize::new(0);
            proxy.drop_reply_after(10 + rounds * 11 % 720);
            let calm = async {
                // Until it has failed once; one that does not fail ends the wait too.
                while failed.load(Ordering::Relaxed) == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                proxy.pass();
                std::future::pending::<()>().await;
            };
            let appended = tokio::select! {
                appended = insist(&store, noting(rounds), &failed) => appended,
                () = calm => unreachable!("it waits for ever"),
            };
            proxy.pass();
            lost += failed.load(Ordering::Relaxed).min(1);
            repeated += usize::from(appended.repeated);
            rounds += 1;
        }
        (rounds, repeated, lost)
    };
    let (rounds, repeated, lost) = tokio::select! {
        counts = working => counts,
        () = probing => unreachable!("it never ends"),
    };
    assert!(lost > 3, "{lost} appends lost their connection");
    assert!(repeated > 0, "no reply of a commit was lost in {rounds} appends");
    assert_eq!(streams(&store).await.len(), rounds, "each append has one event");
}
