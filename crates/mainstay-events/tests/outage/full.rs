//! There is no room any more.

use mainstay_db::{Database, DatabaseSettings, DbErrorKind, query, query_assembled};
use mainstay_events::AppendError;

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

#[tokio::test]
async fn appends_fail_cleanly_and_go_on_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let (database, store) = open(&DatabaseSettings::file(folder.path().join("log.db"))).await;
    limit(&database, pages(&database).await + 40).await;

    let mut done = 0;
    let full = loop {
        match store.append(noting(done)).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 1_000, "it never gets full");
    };
    assert!(done > 5, "{done}");
    let kind = |error: AppendError| match error {
        AppendError::Database(error) => error.kind(),
        other => panic!("{other}"),
    };
    assert_eq!(kind(full), DbErrorKind::Full);
    // It stays so, and reading goes on.
    for _ in 0..3 {
        assert_eq!(kind(store.append(noting(done)).await.unwrap_err()), DbErrorKind::Full);
        assert_eq!(streams(&store).await.len(), done);
    }
    assert_eq!(database.circuit().refuses_for, None, "a full disk is an answer");

    limit(&database, 100_000).await;
    let appended = store.append(noting(done)).await.unwrap();
    assert_eq!(appended.first.get(), done as u64 + 1, "no position was used up");
    assert_eq!(streams(&store).await.len(), done + 1);
}
