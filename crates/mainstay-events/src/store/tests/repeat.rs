use std::time::Duration;

use mainstay_core::{Clock, random};
use mainstay_db::{DatabaseSettings, query};

use super::{check_invariants, noting, open, store};
use crate::{AppendError, EventStore};

#[tokio::test]
async fn the_same_append_has_one_effect() {
    let store = store().await;
    let clock = Clock::system();
    let id = random::uuid(&clock);
    let append = |number| noting("a", number).idempotent(id).correlation(random::uuid(&clock));
    let first = store.append(append(1)).await.expect("an append");
    store.append(noting("a", 9)).await.expect("another");
    let again = store.append(append(1)).await.expect("the same answer");
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.first, again.last, &again.versions), (first.first, first.last, &first.versions));

    for other in [append(2), append(1).actor("eve"), append(1).meta(&1)] {
        let error = store.append(other).await.expect_err("another append");
        assert!(
            matches!(error, AppendError::IdempotencyConflict { append_id } if append_id == id),
            "{error:?}"
        );
    }
    assert_eq!(check_invariants(&store).await.len(), 2);
}

#[tokio::test]
async fn a_fingerprint_of_the_callers_own_decides() {
    let store = store().await;
    let id = random::uuid(&Clock::system());
    store.append(noting("a", 1).idempotent_as(id, [7; 32])).await.expect("an append");
    let again = store.append(noting("b", 2).idempotent_as(id, [7; 32])).await.expect("the same");
    assert!(again.repeated);
    let other = store.append(noting("a", 1).idempotent_as(id, [8; 32])).await;
    assert!(matches!(other, Err(AppendError::IdempotencyConflict { .. })), "{other:?}");
}

#[tokio::test]
async fn a_refused_append_does_not_use_its_id_up() {
    let store = store().await;
    let id = random::uuid(&Clock::system());
    let wrong = crate::Append::new().idempotent(id).events(
        &super::stream("a"),
        crate::Expected::Exists,
        &[super::Happened::Noted(1)],
    );
    store.append(wrong).await.expect_err("no such stream");
    assert!(!store.append(noting("a", 1).idempotent(id)).await.expect("an append").repeated);
}

#[tokio::test]
async fn ids_are_forgotten_after_a_week() {
    let (clock, hands) = Clock::manual();
    let database = open(&DatabaseSettings::in_memory()).await;
    let store = EventStore::new(database.clone(), clock.clone());
    for number in 0..10 {
        store.append(noting("a", number).idempotent(random::uuid(&clock))).await.expect("an append");
    }
    hands.advance(Duration::from_hours(7 * 24 + 1));
    for number in 0..4 {
        store.append(noting("a", number).idempotent(random::uuid(&clock))).await.expect("an append");
    }
    let mut read = database.read().await.expect("a reader");
    let row = query("select count(*) from es_append").fetch_one(&mut read).await.expect("a count");
    assert_eq!(row.get::<i64>(0).expect("a number"), 4, "only the new ones are left");
}

#[tokio::test]
async fn an_earlier_append_can_be_asked_for() {
    let store = store().await;
    let id = random::uuid(&Clock::system());
    assert_eq!(store.recall(id, [7; 32]).await.expect("an answer"), None);
    let first = store.append(noting("a", 1).idempotent_as(id, [7; 32])).await.expect("an append");
    store.append(noting("a", 2)).await.expect("another");
    let earlier = store.recall(id, [7; 32]).await.expect("an answer").expect("the append");
    assert!(earlier.repeated);
    assert_eq!((earlier.first, earlier.last, earlier.versions), (first.first, first.last, first.versions));
    let other = store.recall(id, [8; 32]).await;
    assert!(matches!(other, Err(AppendError::IdempotencyConflict { .. })), "{other:?}");
}
