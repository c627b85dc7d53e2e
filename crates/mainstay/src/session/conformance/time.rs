//! Noting use, deleting what is over.

use super::sample::{IDLE, LIFETIME, Store, anonymous, at, find, insert, inserted, lives, user};
use crate::session::record::SessionRecord;

pub(super) async fn a_touch_never_moves_back(store: Store) {
    let record = inserted(&store, user()).await;
    for (seconds, expected) in [(60, 60), (30, 60), (61, 61)] {
        let found = store.touch(&[(record.id, at(seconds))]).await.expect("an answer");
        assert_eq!(found, 1);
        let now = find(&store, record.token).await.expect("it is there");
        assert_eq!(now.last_seen_at, at(expected));
        assert_eq!(now.generation, record.generation, "it is no change of the data");
    }
    assert_eq!(store.touch(&[(anonymous().id, at(1))]).await.expect("an answer"), 0);
    assert_eq!(store.touch(&[]).await.expect("an answer"), 0);
}

pub(super) async fn many_are_touched_at_once(store: Store) {
    let record = inserted(&store, user()).await;
    let others = (0..2_500).map(|second| (anonymous().id, at(second)));
    let notes: Vec<_> = others.chain([(record.id, at(99))]).collect();
    assert_eq!(store.touch(&notes).await.expect("an answer"), 1);
    assert_eq!(find(&store, record.token).await.expect("it is there").last_seen_at, at(99));
}

pub(super) async fn a_sweep_deletes_what_is_expired_and_nothing_else(store: Store) {
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).expect("a few hours");
    let (idle, lifetime) = (seconds(IDLE), seconds(LIFETIME));
    let busy = inserted(&store, user()).await;
    store.touch(&[(busy.id, at(idle))]).await.expect("an answer");
    let mut idlers = Vec::new();
    for _ in 0..5 {
        idlers.push(insert(&store, anonymous()).await);
    }
    let sweep = async |at_second, limit| store.sweep(at(at_second), limit).await.expect("an answer");

    assert_eq!(sweep(idle - 1, 100).await, 0, "nothing is over yet");
    assert_eq!(sweep(idle, 3).await, 3, "no more than asked for");
    assert_eq!(sweep(idle, 3).await, 2);
    assert_eq!(sweep(idle, 3).await, 0);
    for idler in &idlers {
        assert!(!lives(&store, idler).await);
    }
    assert!(lives(&store, &busy).await);

    // However busy it is, its lifetime ends it.
    store.touch(&[(busy.id, at(lifetime - 1))]).await.expect("an answer");
    assert_eq!(sweep(lifetime - 1, 3).await, 0);
    let other = insert(&store, SessionRecord { last_seen_at: at(lifetime), ..anonymous() }).await;
    assert_eq!(sweep(lifetime, 3).await, 2);
    assert!(!lives(&store, &busy).await && !lives(&store, &other).await);
}
