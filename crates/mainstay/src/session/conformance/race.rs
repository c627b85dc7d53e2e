//! Several at once. The futures of a check run concurrently in one task, and so do their store's.

use futures_util::future::{join, join_all};

use super::sample::{Store, find, inserted, lives, patch, renewed, rotate, user, with_epoch};
use crate::session::data::Patch;
use crate::session::store::{Inserted, Patched, Rotated, Whose};

const ROUNDS: usize = 30;

pub(super) async fn patches_at_once_lose_nothing(store: Store) {
    let record = inserted(&store, user()).await;
    let patches: Vec<_> = (0..32).map(|number| Patch::new().set(format!("value {number}"), number)).collect();
    let done = join_all(patches.iter().map(|changes| patch(&store, &record, changes))).await;
    assert!(done.iter().all(|patched| matches!(patched, Patched::Done(_))));
    let now = find(&store, record.token).await.expect("it is there");
    assert_eq!(now.generation.0, 32);
    for number in 0..32 {
        assert_eq!(now.data.get(&format!("value {number}")), Some(&number.into()));
    }
}

pub(super) async fn counting_at_once_counts_right(store: Store) {
    let record = inserted(&store, user()).await;
    let count = async || {
        let mut seen = find(&store, record.token).await.expect("it is there");
        loop {
            let number = seen.data.get("cart").and_then(serde_json::Value::as_i64).expect("a number");
            let more = Patch::new().set("cart", number + 1);
            match store.patch(record.token, Some(seen.generation), &more).await.expect("an answer") {
                Patched::Done(_) => return,
                Patched::Stale(now) => seen = *now,
                Patched::Gone => panic!("it is there"),
            }
        }
    };
    join_all((0..16).map(|_| count())).await;
    let now = find(&store, record.token).await.expect("it is there");
    assert_eq!(now.data.get("cart"), Some(&19.into()));
}

pub(super) async fn one_of_two_rotations_wins(store: Store) {
    for _ in 0..ROUNDS {
        let record = inserted(&store, user()).await;
        let (one, other) = (renewed(&record), renewed(&record));
        let outcomes = join(rotate(&store, record.token, &one), rotate(&store, record.token, &other)).await;
        let alive = (lives(&store, &one.to).await, lives(&store, &other.to).await);
        match outcomes {
            (Rotated::Done, Rotated::Gone) => assert_eq!(alive, (true, false)),
            (Rotated::Gone, Rotated::Done) => assert_eq!(alive, (false, true)),
            both => panic!("{both:?}"),
        }
        assert!(!lives(&store, &record).await);
    }
}

pub(super) async fn a_revoked_session_survives_no_race(store: Store) {
    for round in 0..ROUNDS {
        let record = inserted(&store, user()).await;
        let (rotation, change) = (renewed(&record), Patch::new().set("late", true));
        let revoke = async {
            let ended = store.revoke(record.id, record.user()).await.expect("an answer");
            assert!(ended, "it was there");
        };
        let save = patch(&store, &record, &change);
        let replace = rotate(&store, record.token, &rotation);
        // Whoever is asked first does not always win.
        match round % 3 {
            0 => drop(join(revoke, join(save, replace)).await),
            1 => drop(join(save, join(replace, revoke)).await),
            _ => drop(join(replace, join(revoke, save)).await),
        }
        assert!(!lives(&store, &record).await && !lives(&store, &rotation.to).await);
        let list = store.list(record.user().expect("a user"), 10).await.expect("a list");
        assert!(list.is_empty());
    }
}

pub(super) async fn a_sign_in_survives_no_revocation_of_all(store: Store) {
    for _ in 0..ROUNDS {
        let ada = user();
        let record = with_epoch(ada, store.epoch(ada).await.expect("an epoch"));
        let (signed_in, revoked) =
            join(store.insert(&record), store.revoke_all(Whose::User(ada), None)).await;
        revoked.expect("an answer");
        assert!(matches!(signed_in.expect("an answer"), Inserted::Done | Inserted::Superseded));
        assert!(!lives(&store, &record).await);
    }
}
