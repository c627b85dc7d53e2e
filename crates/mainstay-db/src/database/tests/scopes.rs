//! How long somebody waits, and which class of work it is.

use std::time::Duration;

use mainstay_core::Clock;
use mainstay_servers::{TestDatabase, on_both_databases};

use super::{count, endless, kind, settings, with_table};
use crate::{DatabaseSettings, DbErrorKind, Scope, Work, query};

on_both_databases!(
    nobody_works_beyond_the_deadline,
    nobody_waits_for_a_connection_beyond_the_deadline,
    a_scope_names_the_class_of_work,
);

async fn nobody_works_beyond_the_deadline(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let clock = Clock::system();
    let began = clock.now();
    let scope = Scope::new().until(began + Duration::from_millis(200));
    let late = scope.run(async {
        let mut read = database.read().await.expect("a reader");
        let late = kind(endless().fetch_one(&mut read).await);
        // It has passed: this is not even sent.
        let later = kind(query("select 1").fetch_one(&mut read).await);
        (late, later)
    });
    assert_eq!(late.await, (DbErrorKind::TimedOut, DbErrorKind::TimedOut));
    assert!(clock.now() - began < Duration::from_secs(20), "long before the statement's own limit");
    assert_eq!(count(&database).await, 0);
}

async fn nobody_waits_for_a_connection_beyond_the_deadline(store: TestDatabase) {
    let settings =
        DatabaseSettings { pool_max_size: 1, pool_timeout: Duration::from_mins(5), ..settings(&store) };
    let database = with_table(&settings).await;
    let _held = database.read().await.expect("a reader");
    let scope = Scope::new().until(Clock::system().now() + Duration::from_millis(50));
    assert_eq!(kind(scope.run(database.read()).await), DbErrorKind::PoolExhausted);
}

async fn a_scope_names_the_class_of_work(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let held = Scope::new().of(Work::Slow).run(database.read()).await.expect("a reader");
    assert_eq!(database.pool(Work::Slow).in_use, 1);
    let background = database.for_work(Work::Background);
    let also = Scope::new().of(Work::Slow).run(background.read()).await.expect("a reader");
    assert_eq!((database.pool(Work::Slow).in_use, database.pool(Work::Background).in_use), (1, 1));
    drop((held, also));
}
