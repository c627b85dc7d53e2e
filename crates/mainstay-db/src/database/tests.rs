use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use tokio::sync::oneshot;

use crate::{
    Constraint, Database, DatabaseSettings, DatabaseUrl, DbError, DbErrorKind, OpenError, Row, insert_into,
    query,
};

/// Runs for minutes unless it is stopped.
const ENDLESS: &str = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000000000) \
                       select count(*) from n";

fn impatient() -> DatabaseSettings {
    DatabaseSettings {
        pool_max_size: 2,
        pool_timeout: Duration::from_millis(100),
        ..DatabaseSettings::in_memory()
    }
}

async fn open(settings: &DatabaseSettings) -> Database {
    Database::open(settings, &Clock::system()).await.expect("the database opens")
}

async fn with_table(settings: &DatabaseSettings) -> Database {
    let database = open(settings).await;
    let mut write = database.write().await.expect("the writer");
    query("create table part (id integer primary key, name text not null unique check (name <> '')) strict")
        .execute(&mut write)
        .await
        .expect("the table is made");
    write.commit().await.expect("the commit");
    database
}

async fn insert(database: &Database, name: &str) -> Result<(), DbError> {
    let mut write = database.write().await?;
    query("insert into part (name) values ($1)").bind(name).execute(&mut write).await?;
    write.commit().await
}

async fn count(database: &Database) -> i64 {
    let mut read = database.read().await.expect("a reader");
    let row = query("select count(*) from part").fetch_one(&mut read).await.expect("a count");
    row.get(0).expect("a number")
}

fn kind<T: std::fmt::Debug>(result: Result<T, DbError>) -> DbErrorKind {
    result.expect_err("an error").kind()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let database = open(&DatabaseSettings::in_memory()).await;
    let clock = Clock::system();
    let id = mainstay_core::random::uuid(&clock);
    let at = jiff::Timestamp::from_microsecond(1_234_567).expect("a timestamp");
    let mut read = database.read().await.expect("a reader");
    let row = query("select $1, $2, $3, $4, $5, $6, $7, $8")
        .bind(i64::MIN)
        .bind(0.5)
        .bind("ü\0'")
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
        assert_eq!(row.get::<&str>(2)?, "ü\0'");
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

#[tokio::test]
async fn a_transaction_is_seen_when_it_is_committed() {
    let database = with_table(&impatient()).await;
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
}

#[tokio::test]
async fn a_snapshot_stays_at_its_first_read() {
    let database = with_table(&impatient()).await;
    let mut snapshot = database.read_snapshot().await.expect("a snapshot");
    let counted = async |snapshot: &mut crate::ReadConnection| {
        let row = query("select count(*) from part").fetch_one(snapshot).await.expect("a count");
        row.get::<i64>(0).expect("a number")
    };
    assert_eq!(counted(&mut snapshot).await, 0);
    insert(&database, "a").await.expect("an insert");
    assert_eq!(counted(&mut snapshot).await, 0);
    drop(snapshot);
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn constraints_are_told_apart_without_values() {
    let database = with_table(&impatient()).await;
    insert(&database, "a-secret-name").await.expect("an insert");
    let error = insert(&database, "a-secret-name").await.expect_err("a second one");
    assert_eq!(error.kind(), DbErrorKind::Constraint);
    assert_eq!(error.constraint(), Some(Constraint::Unique));
    let chain = mainstay_core::Chain(&error).to_string();
    assert!(chain.contains("insert into part") && chain.contains("part.name"), "{chain}");
    assert!(!chain.contains("a-secret-name"), "{chain}");
    let error = insert(&database, "").await.expect_err("an empty name");
    assert_eq!(error.constraint(), Some(Constraint::Check));
}

#[tokio::test]
async fn a_failed_statement_leaves_only_the_rollback() {
    let database = with_table(&impatient()).await;
    let mut write = database.write().await.expect("the writer");
    query("insert into part (name) values ('a')").execute(&mut write).await.expect("a row");
    let failed = query("insert into nowhere values (1)").execute(&mut write).await;
    assert_eq!(kind(failed), DbErrorKind::Bug);
    let later = query("insert into part (name) values ('b')").execute(&mut write).await;
    assert_eq!(kind(later), DbErrorKind::Aborted);
    assert_eq!(kind(write.commit().await), DbErrorKind::Aborted);
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let database = with_table(&impatient()).await;
    let mut read = database.read().await.expect("a reader");
    let written = query("insert into part (name) values ('a')").execute(&mut read).await;
    assert_eq!(kind(written), DbErrorKind::ReadOnly);
}

#[tokio::test]
async fn a_long_statement_is_interrupted_and_the_connection_kept() {
    let settings = DatabaseSettings { statement_timeout: Duration::from_millis(50), ..impatient() };
    let database = with_table(&settings).await;
    let mut read = database.read().await.expect("a reader");
    assert_eq!(kind(query(ENDLESS).fetch_one(&mut read).await), DbErrorKind::TimedOut);
    let row = query("select 7").fetch_one(&mut read).await.expect("the connection still works");
    assert_eq!(row.get::<i64>(0).expect("a number"), 7);

    let mut write = database.write().await.expect("the writer");
    query("insert into part (name) values ('a')").execute(&mut write).await.expect("a row");
    assert_eq!(kind(query(ENDLESS).fetch_one(&mut write).await), DbErrorKind::TimedOut);
    assert_eq!(kind(write.commit().await), DbErrorKind::Aborted);
    assert_eq!(count(&database).await, 0);
    insert(&database, "b").await.expect("the writer still works");
}

#[tokio::test]
async fn a_dropped_future_rolls_back_and_frees_its_connection() {
    let database = with_table(&DatabaseSettings { pool_max_size: 1, ..DatabaseSettings::in_memory() }).await;
    let tasks = Tasks::new();
    for round in 0..3 {
        let (started, begun) = oneshot::channel();
        let theirs = database.clone();
        let writing = tasks.spawn("writing", async move {
            let mut write = theirs.write().await?;
            query("insert into part (name) values ('lost')").execute(&mut write).await?;
            let _ = started.send(());
            query(ENDLESS).fetch_one(&mut write).await
        });
        begun.await.expect("the transaction is open");
        writing.abort();
        let _ = writing.await;
        insert(&database, &format!("kept-{round}")).await.expect("the writer is free");

        let theirs = database.clone();
        let reading = tasks.spawn("reading", async move {
            let mut read = theirs.read().await?;
            query(ENDLESS).fetch_one(&mut read).await
        });
        while database.pools()[0].in_use == 0 {
            tokio::task::yield_now().await;
        }
        reading.abort();
        let _ = reading.await;
        assert_eq!(count(&database).await, round + 1, "and so is the only reader");
    }
    let [readers, writer, _] = database.pools();
    assert_eq!((readers.size, readers.in_use, writer.size, writer.in_use), (1, 0, 1, 0));
}

#[tokio::test]
async fn a_transaction_is_rolled_back_however_often_that_happens() {
    let database = with_table(&DatabaseSettings::in_memory()).await;
    for round in 0..3_000 {
        let mut write = database.write().await.expect("the writer");
        let inserted = query("insert into part (name) values ('a')").execute(&mut write).await;
        assert_eq!(inserted.expect("room for it"), 1, "round {round}");
        drop(write);
    }
    insert(&database, "a").await.expect("the connection still works");
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn exhausted_pools_answer_in_time_and_the_probe_all_the_same() {
    let database = with_table(&impatient()).await;
    let write = database.write().await.expect("the writer");
    let first = database.read().await.expect("a reader");
    let second = database.read().await.expect("a second reader");
    assert_eq!(kind(database.write().await), DbErrorKind::PoolExhausted);
    assert_eq!(kind(database.read().await), DbErrorKind::PoolExhausted);
    database.probe().await.expect("the probe has a connection of its own");
    drop((write, first, second));
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn writers_are_served_in_turn() {
    let database = with_table(&DatabaseSettings::in_memory()).await;
    let tasks = Tasks::new();
    let held = database.write().await.expect("the writer");
    let waiting: Vec<_> = (0..20)
        .map(|number| {
            let database = database.clone();
            tasks.spawn("writer", async move { insert(&database, &format!("{number:02}")).await })
        })
        .collect();
    drop(held);
    for writer in waiting {
        writer.await.expect("no panic").expect("its turn");
    }
    let mut read = database.read().await.expect("a reader");
    let rows = query("select name from part order by id").fetch_all(&mut read).await.expect("rows");
    let names: Vec<_> = rows.iter().map(|row| row.get::<String>(0).expect("a name")).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test]
async fn another_process_is_waited_for_and_then_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = DatabaseUrl::file(folder.path().join("shared.db"));
    let settings = DatabaseSettings { url, ..impatient() };
    // A second handle has its own queue, as a second process has.
    let ours = with_table(&settings).await;
    let theirs = open(&settings).await;
    let held = theirs.write().await.expect("their writer");
    assert_eq!(kind(ours.write().await), DbErrorKind::Busy);
    drop(held);
    insert(&ours, "a").await.expect("our turn");
    assert_eq!(count(&theirs).await, 1);
}

#[tokio::test]
async fn closing_empties_the_log_and_refuses_what_comes_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/down/app.db");
    let settings = DatabaseSettings { url: DatabaseUrl::file(&path), ..impatient() };
    let database = with_table(&settings).await;
    insert(&database, "a").await.expect("an insert");
    assert!(path.with_extension("db-wal").exists());
    database.close().await.expect("closed");
    database.close().await.expect("closed already");
    assert!(!path.with_extension("db-wal").exists());
    assert_eq!(kind(database.read().await), DbErrorKind::Closed);
    assert_eq!(kind(database.write().await), DbErrorKind::Closed);
    assert_eq!(kind(database.probe().await), DbErrorKind::Closed);
    assert_eq!(database.pools().map(|pool| pool.size), [0, 0, 0]);
    assert_eq!(count(&open(&settings).await).await, 1);
}

#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let database = with_table(&impatient()).await;
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
    assert_eq!(database.pools().map(|pool| pool.size), [0, 0, 0], "and is closed as it comes back");
}

#[tokio::test]
async fn what_the_documentation_promises_is_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = with_table(&DatabaseSettings::file(folder.path().join("app.db"))).await;
    let pragma = async |connection: &mut crate::Connection, name: &str| -> String {
        let row = crate::query_assembled(format!("pragma {name}")).fetch_one(connection).await.expect(name);
        row.get::<String>(0).or_else(|_| row.get::<i64>(0).map(|number| number.to_string())).expect(name)
    };
    let mut write = database.write().await.expect("the writer");
    let mut read = database.read().await.expect("a reader");
    for connection in [&mut *write, &mut *read] {
        assert_eq!(pragma(connection, "journal_mode").await, "wal");
        assert_eq!(pragma(connection, "foreign_keys").await, "1");
        assert_eq!(pragma(connection, "busy_timeout").await, "5000");
    }
    assert_eq!(pragma(&mut write, "synchronous").await, "2", "full");
    assert_eq!(pragma(&mut write, "journal_size_limit").await, "67108864");
    assert_eq!(pragma(&mut read, "query_only").await, "1");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/app.db");
    let _database = with_table(&DatabaseSettings::file(&path)).await;
    for file in [path.clone(), path.with_extension("db-wal"), path.with_extension("db-shm")] {
        let mode = file.metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_cannot_be_opened_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::system();
    let path = folder.path().join("not-a-database");
    std::fs::write(&path, "a".repeat(5_000)).expect("a file");
    let error = Database::open(&DatabaseSettings::file(&path), &clock).await.expect_err("no database");
    assert!(
        matches!(&error, OpenError::Connect { source, .. } if source.kind() == DbErrorKind::Corrupt),
        "{error:?}"
    );

    let below_a_file = path.join("app.db");
    let error = Database::open(&DatabaseSettings::file(below_a_file), &clock).await.expect_err("no folder");
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");

    let url = DatabaseUrl::parse("postgresql://app:pw@localhost/app").expect("a URL");
    let error = Database::open(&DatabaseSettings::new(url), &clock).await.expect_err("not served");
    assert!(matches!(error, OpenError::NotServed), "{error:?}");
    assert!(error.help().contains("sqlite://"));
}

#[tokio::test]
async fn many_rows_go_in_at_once() {
    let database = with_table(&DatabaseSettings::in_memory()).await;
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
