//! The log as these tests use it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, random};
use mainstay_db::{Database, DatabaseSettings, MigratedBy};
use mainstay_events::{
    Append, AppendError, Appended, Event, EventStore, Expected, Position, StreamId, migrations,
};
use serde::{Deserialize, Serialize};

/// An event that takes its room.
#[derive(Serialize, Deserialize)]
pub(super) struct Noted {
    text: String,
}

impl Event for Noted {
    fn event_type(&self) -> &'static str {
        "noted"
    }
}

pub(super) async fn open(settings: &DatabaseSettings) -> (Database, EventStore) {
    let clock = Clock::system();
    let database = Database::open(settings, &clock).await.unwrap();
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    migrations().up(&database, &clock, None, &by).await.unwrap();
    (database.clone(), EventStore::new(database, clock))
}

/// One event of some kilobytes, in a stream of its own.
pub(super) fn noting(number: usize) -> Append {
    let stream = StreamId::of("note", number).unwrap();
    Append::new().events(&stream, Expected::NoStream, &[Noted { text: "x".repeat(4_000) }])
}

/// Appends under one id until it is known to be made; counts the tries that failed.
pub(super) async fn insist(store: &EventStore, append: Append, failed: &AtomicUsize) -> Appended {
    let append = append.idempotent(random::uuid(&Clock::system()));
    loop {
        match store.append(append.clone()).await {
            Ok(appended) => return appended,
            Err(AppendError::Database(error)) if error.is_transient() => {
                failed.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// The streams of all events, in the order of their positions, which must have no gap.
pub(super) async fn streams(store: &EventStore) -> Vec<StreamId> {
    let (mut streams, mut after) = (Vec::new(), Position::START);
    loop {
        let page = store.read_from(after, 500).await.unwrap();
        let Some(last) = page.last() else { return streams };
        for event in &page {
            assert_eq!(event.position.get(), streams.len() as u64 + 1);
            streams.push(event.stream.clone());
        }
        after = last.position;
    }
}
