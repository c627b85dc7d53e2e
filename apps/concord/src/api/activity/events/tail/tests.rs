use std::collections::BTreeSet;

use futures_util::future::join_all;
use mainstay_db::{Database, DatabaseSettings, MigratedBy};
use mainstay_events::{Append, Event, Expected, StreamId};
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Serialize, Deserialize)]
struct Noted;

impl Event for Noted {
    fn event_type(&self) -> &'static str {
        "noted"
    }
}

async fn store() -> EventStore {
    let clock = Clock::system();
    let database = Database::open(&DatabaseSettings::in_memory(), &clock).await.unwrap();
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    mainstay_events::migrations().up(&database, &clock, None, &by).await.unwrap();
    EventStore::new(database, clock)
}

async fn note(store: &EventStore, count: usize) -> Position {
    let stream = StreamId::of("test", "one").unwrap();
    store.append(Append::new().events(&stream, Expected::Any, &vec![Noted; count])).await.unwrap().last
}

/// Listens from a position to the end, and returns the ids that were told.
async fn hear(tail: &Tail, mut after: Position, head: Position) -> Vec<u64> {
    let mut ids = Vec::new();
    while let Some(told) = tail.behind(after, head).await.unwrap() {
        let text = String::from_utf8(told.text.to_vec()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.extend(lines.map(|id| id.parse::<u64>().unwrap()));
        after = told.last;
    }
    ids
}

#[tokio::test]
async fn an_event_is_rendered_once_for_all() {
    let store = store().await;
    let tail = Tail::new(store.clone(), Clock::system());
    let before = note(&store, 3).await;
    assert!(tail.behind(before, before).await.unwrap().is_none());
    let head = note(&store, 1).await;
    let told = join_all((0..100).map(|_| tail.behind(before, head))).await;
    let places: BTreeSet<_> = told.into_iter().map(|told| told.unwrap().unwrap().text.as_ptr()).collect();
    assert_eq!(places.len(), 1);
}

#[tokio::test]
async fn each_hears_all_that_comes_behind_its_position() {
    let store = store().await;
    let tail = Tail::new(store.clone(), Clock::system());
    let early = note(&store, 250).await;
    assert_eq!(hear(&tail, early, early).await, [0_u64; 0]);
    let head = note(&store, 250).await;
    // One is where the tail is, one is far behind it, one stands in the middle of a page, one comes anew.
    for after in [250, 0, 333, 499, 500] {
        let ids = hear(&tail, Position::new(after), head).await;
        assert_eq!(ids, (after + 1..=500).collect::<Vec<_>>(), "behind {after}");
    }
}

#[tokio::test]
async fn who_comes_when_nobody_has_listened_for_long_reads_from_there() {
    let store = store().await;
    let tail = Tail::new(store.clone(), Clock::system());
    let pages = KEPT * PAGE as usize;
    let mut head = note(&store, 1).await;
    assert_eq!(hear(&tail, Position::START, head).await, [1]);
    for _ in 0..=pages / 1_000 {
        head = note(&store, 1_000).await;
    }
    assert!(tail.behind(head, head).await.unwrap().is_none());
    assert_eq!(tail.recent().end, head);
    let last = note(&store, 1).await;
    assert_eq!(hear(&tail, head, last).await, [last.get()]);
}

#[tokio::test]
async fn a_log_that_was_restored_is_read_anew() {
    let store = store().await;
    let tail = Tail::new(store.clone(), Clock::system());
    let head = note(&store, 5).await;
    assert_eq!(hear(&tail, Position::START, head).await.len(), 5);
    tail.ends_at(head);
    assert_eq!(tail.recent().pages.len(), 1, "nothing has happened");
    tail.ends_at(Position::new(2));
    assert_eq!(tail.recent().pages.len(), 0);
}
