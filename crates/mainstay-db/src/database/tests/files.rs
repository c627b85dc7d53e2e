//! What only SQLite has: a file, and one writer.

use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use tokio::time::timeout;

use super::{count, impatient, insert, kind, open, with_table};

use crate::{Database, DatabaseSettings, DatabaseUrl, DbErrorKind, OpenError, query};

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
    let settings = DatabaseSettings { url, ..impatient(DatabaseSettings::in_memory()) };
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
async fn who_waits_for_another_process_can_be_told_and_for_how_long() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = DatabaseSettings {
        pool_timeout: Duration::from_secs(30),
        ..DatabaseSettings::file(folder.path().join("shared.db"))
    };
    let ours = with_table(&settings).await;
    let theirs = open(&settings).await;
    let held = theirs.write().await.expect("their writer");
    let tasks = Tasks::new();
    let waiting = tasks.spawn("writer", {
        let ours = ours.clone();
        async move { insert(&ours, "a").await }
    });
    assert_eq!(ours.held_up(Duration::from_millis(20)).await, settings.pool_timeout);
    drop(held);
    waiting.await.expect("no panic").expect("its turn");
}

#[tokio::test]
async fn many_short_waits_are_no_long_one() {
    let database = with_table(&DatabaseSettings::in_memory()).await;
    let patience = Duration::from_millis(200);
    let writes = async {
        // Longer than the patience, without a pause between two waits.
        let until = Clock::system().now() + 3 * patience;
        let mut number = 0;
        while Clock::system().now() < until {
            insert(&database, &format!("{number}")).await.expect("an insert");
            number += 1;
        }
    };
    tokio::select! {
        biased;
        _ = database.held_up(patience) => panic!("nobody else writes"),
        () = writes => {}
    }
    // And what waits for the own writer waits for no other process.
    let held = database.write().await.expect("the writer");
    tokio::select! {
        biased;
        _ = database.held_up(patience) => panic!("nobody else writes"),
        refused = timeout(2 * patience, database.write()) => assert!(refused.is_err()),
    }
    drop(held);
}

#[tokio::test]
async fn closing_empties_the_log_and_refuses_what_comes_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/down/app.db");
    let settings =
        DatabaseSettings { url: DatabaseUrl::file(&path), ..impatient(DatabaseSettings::in_memory()) };
    let database = with_table(&settings).await;
    insert(&database, "a").await.expect("an insert");
    assert!(path.with_extension("db-wal").exists());
    database.close().await.expect("closed");
    database.close().await.expect("closed already");
    assert!(!path.with_extension("db-wal").exists());
    assert_eq!(kind(database.read().await), DbErrorKind::Closed);
    assert_eq!(kind(database.write().await), DbErrorKind::Closed);
    assert_eq!(kind(database.probe().await), DbErrorKind::Closed);
    assert!(database.pools().iter().all(|pool| pool.size == 0), "{:?}", database.pools());
    assert_eq!(count(&open(&settings).await).await, 1);
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
}
