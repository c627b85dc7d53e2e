//! There is no room any more.

use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, DbErrorKind, query, query_assembled};
use mainstay_events::{AppendError, EventStore};
use mainstay_servers::Postgres;

use crate::log::{noting, open, streams};

/// Room for so many pages, as a full disk has it. It holds for the one connection that writes.
async fn limit(database: &Database, pages: i64) {
    let mut write = database.write().await.unwrap();
    query_assembled(format!("pragma max_page_count = {pages}")).fetch_one(&mut write).await.unwrap();
    write.commit().await.unwrap();
}

async fn pages(database: &Database) -> i64 {
    let mut read = database.read().await.unwrap();
    query("pragma page_count").fetch_one(&mut read).await.unwrap().get(0).unwrap()
}

/// Appends until there is no room; says how many there are then.
async fn append_until_full(store: &EventStore, mut done: usize) -> usize {
    let full = loop {
        match store.append(noting(done)).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 1_000, "it never gets full");
    };
    assert_eq!(kind(full), DbErrorKind::Full);
    done
}

fn kind(error: AppendError) -> DbErrorKind {
    match error {
        AppendError::Database(error) => error.kind(),
        other => panic!("{other}"),
    }
}

/// It stays full, and reading goes on; with room again, so does appending.
async fn stays_full_until(database: &Database, store: &EventStore, done: usize, room: impl AsyncFnOnce()) {
    for _ in 0..3 {
        assert_eq!(kind(store.append(noting(done)).await.unwrap_err()), DbErrorKind::Full);
        assert_eq!(streams(store).await.len(), done);
    }
    assert_eq!(database.circuit().refuses_for, None, "a full disk is an answer");
    room().await;
    let appended = store.append(noting(done)).await.unwrap();
    assert_eq!(appended.first.get(), done as u64 + 1, "no position was used up");
    assert_eq!(streams(store).await.len(), done + 1);
}

#[tokio::test]
async fn appends_fail_cleanly_and_go_on_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let (database, store) = open(&DatabaseSettings::file(folder.path().join("log.db"))).await;
    limit(&database, pages(&database).await + 40).await;
    let done = append_until_full(&store, 0).await;
    assert!(done > 5, "{done}");
    stays_full_until(&database, &store, done, async || limit(&database, 100_000).await).await;
}

/// The disk is a real one of a few mebibytes, and what fills it is somebody else's file.
#[tokio::test]
async fn appends_to_a_server_whose_disk_is_full_fail_cleanly_too() {
    let postgres = Postgres::options().durable().small_disk(48).start();
    let own = postgres.create_database();
    let (database, store) = open(&DatabaseSettings::new(DatabaseUrl::parse(&own.url()).unwrap())).await;
    for number in 0..5 {
        store.append(noting(number)).await.unwrap();
    }
    postgres.fill_disk();
    // Pages that were there already may take a few more.
    let done = append_until_full(&store, 5).await;
    stays_full_until(&database, &store, done, async || postgres.free_disk()).await;
}
