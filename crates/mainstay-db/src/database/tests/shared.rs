//! What both databases promise.

use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use mainstay_servers::{TestDatabase, on_both_databases};
use tokio::sync::oneshot;

use super::{count, count_on, endless, impatient, insert, kind, open, settings, until, with_table, writers};
use crate::{ByDialect, Constraint, DatabaseSettings, DbError, DbErrorKind, Row, Work, insert_into, query};

on_both_databases!(
    values_come_back_as_they_went_in,
    a_transaction_is_seen_when_it_is_committed,
    a_snapshot_stays_at_its_first_read,
    constraints_are_told_apart_without_values,
    a_failed_statement_leaves_only_the_rollback,
    a_reader_cannot_write,
    a_long_statement_is_interrupted_and_the_connection_kept,
    a_dropped_future_rolls_back_and_frees_its_connection,
    a_transaction_is_rolled_back_however_often_that_happens,
    exhausted_pools_answer_in_time_and_the_probe_all_the_same,
    classes_of_work_have_connections_of_their_own,
    closing_does_not_wait_for_ever,
    many_rows_go_in_at_once,
    a_connection_that_is_old_is_not_lent_again,
    what_no_column_can_hold_is_a_constraint,
);

async fn values_come_back_as_they_went_in(store: TestDatabase) {
    let database = open(&settings(&store)).await;
    let clock = Clock::system();
    let id = mainstay_core::random::uuid(&clock);
    let at = jiff::Timestamp::from_microsecond(1_234_567).expect("a timestamp");
    let mut read = database.read().await.expect("a reader");
    let row = query(ByDialect {
        sqlite: "select $1, $2, $3, $4, $5, $6, $7, $8",
        postgres: "select $1::bigint, $2::float8, $3::text, $4::bytea, $5::text, $6::boolean, $7::uuid, \
                   $8::timestamptz",
    })
    .bind(i64::MIN)
    .bind(0.5)
    .bind("ü'\u{1}")
    .bind(vec![0_u8, 255])
    .bind(None::<String>)
    .bind(true)
    .bind(id)
    .bind(at)
    .fetch_one(&mut read)
    .await
    .expect("a row");
    let get = |row: &Row| -> Result<_, DbError> {
        assert_eq!(row.get::<i64>(0)?, i64::MIN);
        assert!((row.get::<f64>(1)? - 0.5).abs() < f64::EPSILON);
        assert_eq!(row.get::<&str>(2)?, "ü'\u{1}");
        assert_eq!(row.get::<&[u8]>(3)?, [0, 255]);
        assert_eq!(row.get::<Option<String>>(4)?, None);
        assert!(row.get::<bool>(5)?);
        assert_eq!(row.get::<uuid::Uuid>(6)?, id);
        assert_eq!(row.get::<Option<jiff::Timestamp>>(7)?, Some(at));
        assert_eq!(row.width(), 8);
        Ok(())
    };
    get(&row).expect("every column");
    assert_eq!(kind(row.get::<String>(0)), DbErrorKind::Bug);
    assert_eq!(kind(row.get::<u32>(0)), DbErrorKind::Bug, "out of range");
    assert_eq!(kind(row.get::<i64>(8)), DbErrorKind::Bug, "no such column");
}

async fn a_transaction_is_seen_when_it_is_committed(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let mut write = database.write().await.expect("the writer");
    query("insert into part (name) values ('a')").execute(&mut write).await.expect("a row");
    assert_eq!(count(&database).await, 0);
    write.commit().await.expect("the commit");
    assert_eq!(count(&database).await, 1);

    let mut write = database.write().await.expect("the writer");
    query("delete from part").execute(&mut write).await.expect("a deletion");
    drop(write);
    assert_eq!(count(&database).await, 1, "a dropped transaction changes nothing");
    insert(&database, "b").await.expect("the connection is good again");
    database.write().await.expect("the writer").commit().await.expect("nothing to commit");
}

async fn a_snapshot_stays_at_its_first_read(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let mut snapshot = database.read_snapshot().await.expect("a snapshot");
    assert_eq!(count_on(&mut snapshot).await, 0);
    insert(&database, "a").await.expect("an insert");
    assert_eq!(count_on(&mut snapshot).await, 0);
    drop(snapshot);
    assert_eq!(count(&database).await, 1);
}

async fn constraints_are_told_apart_without_values(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    insert(&database, "a-secret-name").await.expect("an insert");
    let error = insert(&database, "a-secret-name").await.expect_err("a second one");
    assert_eq!(error.kind(), DbErrorKind::Constraint);
    assert_eq!(error.constraint(), Some(Constraint::Unique));
    let chain = mainstay_core::Chain(&error).to_string();
    assert!(chain.contains("insert into part") && chain.to_lowercase().contains("unique"), "{chain}");
    assert!(!chain.contains("a-secret-name"), "{chain}");
    assert!(!format!("{error:?}").contains("a-secret-name"), "{error:?}");
    let error = insert(&database, "").await.expect_err("an empty name");
    assert_eq!(error.constraint(), Some(Constraint::Check));
}

async fn a_failed_statement_leaves_only_the_rollback(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let mut write = database.write().await.expect("the writer");
    query("insert into part (name) values ('a')").execute(&mut write).await.expect("a row");
    let failed = query("insert into nowhere values (1)").execute(&mut write).await;
    assert_eq!(kind(failed), DbErrorKind::Bug);
    let later = query("insert into part (name) values ('b')").execute(&mut write).await;
    assert_eq!(kind(later), DbErrorKind::Aborted);
    assert_eq!(kind(write.commit().await), DbErrorKind::Aborted);
    assert_eq!(count(&database).await, 0);
}

async fn a_reader_cannot_write(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    for mut read in [database.read().await.expect("a reader"), database.read_snapshot().await.expect("one")] {
        let written = query("insert into part (name) values ('a')").execute(&mut read).await;
        assert_eq!(kind(written), DbErrorKind::ReadOnly);
    }
}

async fn a_long_statement_is_interrupted_and_the_connection_kept(store: TestDatabase) {
    let settings = DatabaseSettings {
        statement_timeout: Duration::from_millis(150),
        pool_max_size: 1,
        ..settings(&store)
    };
    let database = with_table(&settings).await;
    let mut read = database.read().await.expect("a reader");
    assert_eq!(kind(endless().fetch_one(&mut read).await), DbErrorKind::TimedOut);
    assert_eq!(count_on(&mut read).await, 0, "the connection still works");
    drop(read);

    let mut write = database.write().await.expect("the writer");
    query("insert into part (name) values ('a')").execute(&mut write).await.expect("a row");
    assert_eq!(kind(endless().fetch_one(&mut write).await), DbErrorKind::TimedOut);
    assert_eq!(kind(write.commit().await), DbErrorKind::Aborted);
    assert_eq!(count(&database).await, 0);
    insert(&database, "b").await.expect("the writer still works");
    assert_eq!(database.pool(Work::Web).size, 1, "and none was opened in its place");
}

async fn a_dropped_future_rolls_back_and_frees_its_connection(store: TestDatabase) {
    let database = with_table(&DatabaseSettings { pool_max_size: 1, ..settings(&store) }).await;
    let tasks = Tasks::new();
    for round in 0..3 {
        let (started, begun) = oneshot::channel();
        let theirs = database.clone();
        let writing = tasks.spawn("writing", async move {
            let mut write = theirs.write().await?;
            query("insert into part (name) values ('lost')").execute(&mut write).await?;
            let _ = started.send(());
            endless().fetch_one(&mut write).await
        });
        begun.await.expect("the transaction is open");
        writing.abort();
        let _ = writing.await;
        insert(&database, &format!("kept-{round}")).await.expect("the writer is free");

        let theirs = database.clone();
        let reading = tasks.spawn("reading", async move {
            let mut read = theirs.read().await?;
            endless().fetch_one(&mut read).await
        });
        until(&database, |database| database.pool(Work::Web).in_use > 0).await;
        reading.abort();
        let _ = reading.await;
        assert_eq!(count(&database).await, round + 1, "and so is the only reader");
    }
    let (readers, writers) = (database.pool(Work::Web), writers(&database));
    assert_eq!((readers.size, readers.in_use, writers.size, writers.in_use), (1, 0, 1, 0));
    if let Some(server) = store.on_server() {
        let running = "select count(*) from pg_stat_activity where query like 'with recursive%' and state = 'active' \
                       and pid <> pg_backend_pid()";
        assert_eq!(server.sql(running).trim(), "0", "the server was told");
    }
}

async fn a_transaction_is_rolled_back_however_often_that_happens(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let rounds = if store.on_server().is_some() { 300 } else { 3_000 };
    for round in 0..rounds {
        let mut write = database.write().await.expect("the writer");
        let inserted = query("insert into part (name) values ('a')").execute(&mut write).await;
        assert_eq!(inserted.expect("room for it"), 1, "round {round}");
        drop(write);
    }
    insert(&database, "a").await.expect("the connection still works");
    assert_eq!(count(&database).await, 1);
}

async fn exhausted_pools_answer_in_time_and_the_probe_all_the_same(store: TestDatabase) {
    let database = with_table(&impatient(settings(&store))).await;
    database.probe().await.expect("the probe connects");
    let write = database.write().await.expect("the writer");
    let first = database.read().await.expect("a reader");
    // On PostgreSQL, those who write and those who read share the pool of two.
    let second = if writers(&database).name == "writer" { database.read().await.ok() } else { None };
    assert_eq!(kind(database.write().await), DbErrorKind::PoolExhausted);
    assert_eq!(kind(database.read().await), DbErrorKind::PoolExhausted);
    database.probe().await.expect("the probe has a connection of its own");
    drop((write, first, second));
    assert_eq!(count(&database).await, 0);
}

async fn classes_of_work_have_connections_of_their_own(store: TestDatabase) {
    let database = with_table(&impatient(settings(&store))).await;
    let web = [database.read().await.expect("one"), database.read().await.expect("two")];
    assert_eq!(kind(database.read().await), DbErrorKind::PoolExhausted);
    for work in [Work::Slow, Work::Background, Work::Control] {
        let theirs = database.for_work(work);
        assert_eq!(count(&theirs).await, 0, "{work:?}");
        assert_eq!(database.pool(work).size, 1, "{work:?}");
    }
    drop(web);
    let names: Vec<_> = database.pools().iter().map(|pool| pool.name).collect();
    assert_eq!(names[..5], ["web", "slow", "background", "control", "health"]);
    assert_eq!(database.pools().iter().map(|pool| pool.in_use).sum::<usize>(), 0);
}

async fn closing_does_not_wait_for_ever(store: TestDatabase) {
    let database = with_table(&impatient(settings(&store))).await;
    let mut write = database.write().await.expect("the writer");
    let read = database.read().await.expect("a reader");
    let closed = database.close_within(Duration::from_millis(50)).await;
    assert_eq!(kind(closed), DbErrorKind::TimedOut);
    assert_eq!(kind(database.read().await), DbErrorKind::Closed);
    query("insert into part (name) values ('late')")
        .execute(&mut write)
        .await
        .expect("what is lent still works");
    write.commit().await.expect("and can be finished");
    drop(read);
    let sizes: Vec<_> = database.pools().iter().map(|pool| pool.size).collect();
    assert!(sizes.iter().all(|size| *size == 0), "and is closed as it comes back: {sizes:?}");
}

async fn many_rows_go_in_at_once(store: TestDatabase) {
    let database = with_table(&settings(&store)).await;
    let mut write = database.write().await.expect("the writer");
    let rows = (0..1_500_i64).map(|id| [id.into(), format!("part {id}").into()]);
    let inserted = insert_into("part", ["id", "name"]).rows(rows).execute(&mut write).await;
    assert_eq!(inserted.expect("rows"), 1_500);
    let again = (1_000..2_000_i64).map(|id| [id.into(), format!("part {id}").into()]);
    let inserted = insert_into("part", ["id", "name"]).suffix("on conflict do nothing").rows(again);
    assert_eq!(inserted.execute(&mut write).await.expect("rows"), 500);
    let none = insert_into("part", ["id", "name"]).execute(&mut write).await;
    assert_eq!(none.expect("nothing to do"), 0);
    write.commit().await.expect("the commit");
    let mut read = database.read().await.expect("a reader");
    let row = query("select name from part where id = 1777").fetch_one(&mut read).await.expect("a row");
    assert_eq!(row.get::<&str>(0).expect("a name"), "part 1777");
}

async fn a_connection_that_is_old_is_not_lent_again(store: TestDatabase) {
    let (clock, hands) = Clock::manual();
    let settings = DatabaseSettings { pool_recycle: Duration::from_mins(1), ..settings(&store) };
    let database = crate::Database::open(&settings, &clock).await.expect("the database opens");
    let first = database.read().await.expect("a reader");
    hands.advance(Duration::from_secs(59));
    drop(first);
    assert_eq!(database.pool(Work::Web).size, 1, "kept");
    hands.advance(Duration::from_secs(1));
    let second = database.read().await.expect("another one");
    assert_eq!(database.pool(Work::Web).size, 1, "in the place of the old one");
    hands.advance(Duration::from_mins(1));
    drop(second);
    assert_eq!(database.pool(Work::Web).size, 0, "too old when it came back");
}

async fn what_no_column_can_hold_is_a_constraint(store: TestDatabase) {
    if store.on_server().is_none() {
        // SQLite stores every text and every number of 64 bits.
        let database = with_table(&settings(&store)).await;
        insert(&database, "a\0b").await.expect("a text like others");
        return;
    }
    let database = with_table(&settings(&store)).await;
    let error = insert(&database, "a\0b").await.expect_err("no such text");
    assert_eq!(error.constraint(), Some(Constraint::Check), "{error:?}");
    let mut write = database.write().await.expect("the writer");
    query("create table small (n smallint)").execute(&mut write).await.expect("a table");
    let error = query("insert into small values ($1)").bind(40_000).execute(&mut write).await;
    assert_eq!(error.expect_err("beyond the range").constraint(), Some(Constraint::Check));
}
