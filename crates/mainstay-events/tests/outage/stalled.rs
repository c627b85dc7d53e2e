//! Somebody takes positions and then does nothing any more.

use std::time::Duration;

use mainstay_core::Clock;
use mainstay_db::{DatabaseSettings, DatabaseUrl};
use mainstay_servers::{ChaosProxy, Postgres};

use crate::log::{noting, open, streams};

/// Longer than the server lets one stall that has taken positions.
const LONGEST: Duration = Duration::from_secs(8);

#[tokio::test]
async fn one_that_stalls_between_append_and_commit_holds_nobody_up_for_long() {
    let postgres = Postgres::start();
    let own = postgres.create_database();
    let proxy = ChaosProxy::start(postgres.address());
    let settings = |url: &str| DatabaseSettings::new(DatabaseUrl::parse(url).unwrap());
    let (stalled, theirs) = open(&settings(&own.url_by(proxy.address()))).await;
    let (_, store) = open(&settings(&own.url())).await;

    let mut transaction = stalled.write().await.unwrap();
    theirs.append_in_tx(&mut transaction, noting(1)).await.unwrap();
    proxy.silence();
    let clock = Clock::system();
    let began = clock.now();
    let appended = tokio::time::timeout(LONGEST, store.append(noting(2))).await;
    let appended = appended.expect("the others go on").expect("an append");
    assert!(clock.now() - began > Duration::from_secs(1), "nobody was held up at all");
    assert_eq!(appended.last.get(), 1, "the positions of the one that stalled were given back");
    proxy.pass();
    assert!(transaction.commit().await.is_err(), "it has lost its transaction");
    assert_eq!(streams(&store).await.len(), 1);
}
