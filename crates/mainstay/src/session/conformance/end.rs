//! Ending sessions.

use super::sample::{
    Store, anonymous, at, find, insert, inserted, lives, of, patch, renewed, rotate, user, with_epoch,
};
use crate::session::data::Patch;
use crate::session::record::{SessionRecord, UserId};
use crate::session::store::{Inserted, Patched, Rotated, Rotation, Whose};

/// Nothing that can be done with a session brings it back.
async fn assert_gone(store: &Store, record: &SessionRecord) {
    let change = Patch::new().set("cart", 9);
    assert!(!lives(store, record).await, "found");
    assert!(matches!(patch(store, record, &change).await, Patched::Gone), "patched");
    let rotation = renewed(record);
    assert!(matches!(rotate(store, record.token, &rotation).await, Rotated::Gone), "rotated");
    store.touch(&[(record.id, at(10))]).await.expect("an answer");
    assert!(!store.revoke(record.id, None).await.expect("an answer"), "revoked again");
    assert!(!lives(store, record).await && !lives(store, &rotation.to).await, "back again");
}

async fn revoke_all(store: &Store, whose: Whose) {
    store.revoke_all(whose, None).await.expect("an answer");
}

async fn listed(store: &Store, user: UserId) -> Vec<crate::session::SessionId> {
    let list = store.list(user, 1_000).await.expect("a list");
    list.into_iter().map(|summary| summary.id).collect()
}

pub(super) async fn what_was_revoked_does_not_come_back(store: Store) {
    let (record, other) = (inserted(&store, user()).await, inserted(&store, user()).await);
    assert!(store.revoke(record.id, None).await.expect("an answer"));
    assert_gone(&store, &record).await;
    assert!(lives(&store, &other).await);
}

pub(super) async fn only_the_owner_revokes(store: Store) {
    let record = inserted(&store, user()).await;
    let nobodys = insert(&store, anonymous()).await;
    for record in [&record, &nobodys] {
        assert!(!store.revoke(record.id, Some(user())).await.expect("an answer"));
        assert!(lives(&store, record).await);
    }
    assert!(store.revoke(record.id, record.user()).await.expect("an answer"));
    assert_gone(&store, &record).await;
}

pub(super) async fn a_session_is_revoked_whatever_its_token_is(store: Store) {
    let record = inserted(&store, user()).await;
    let rotation = renewed(&record);
    rotate(&store, record.token, &rotation).await;
    assert!(store.revoke(record.id, None).await.expect("an answer"));
    assert_gone(&store, &rotation.to).await;
}

pub(super) async fn revoking_all_ends_the_sessions_of_one_user(store: Store) {
    let (ada, eve) = (user(), user());
    let adas = [inserted(&store, ada).await, inserted(&store, ada).await];
    let others = [inserted(&store, eve).await, insert(&store, anonymous()).await];
    revoke_all(&store, Whose::User(ada)).await;
    for record in &adas {
        assert!(!lives(&store, record).await);
    }
    for record in &others {
        assert!(lives(&store, record).await);
    }
    assert!(listed(&store, ada).await.is_empty());
    let later = inserted(&store, ada).await;
    assert!(lives(&store, &later).await, "a later sign-in is good");
    revoke_all(&store, Whose::User(ada)).await;
    assert!(!lives(&store, &later).await, "and ends the next time");
}

pub(super) async fn revoking_all_can_keep_one(store: Store) {
    let (ada, eve) = (user(), user());
    let (kept, ended) = (inserted(&store, ada).await, inserted(&store, ada).await);
    for whose in [Whose::User(ada), Whose::Everybody, Whose::User(ada)] {
        store.revoke_all(whose, Some(kept.id)).await.expect("an answer");
        assert!(lives(&store, &kept).await, "{whose:?}");
        assert!(!lives(&store, &ended).await);
    }
    assert_eq!(listed(&store, ada).await, [kept.id]);
    // One that is over cannot be kept.
    store.revoke_all(Whose::User(ada), Some(ended.id)).await.expect("an answer");
    assert!(!lives(&store, &kept).await && !lives(&store, &ended).await);
    // Nor does keeping one of another user keep it from its own.
    let eves = inserted(&store, eve).await;
    store.revoke_all(Whose::User(ada), Some(eves.id)).await.expect("an answer");
    assert!(lives(&store, &eves).await);
    revoke_all(&store, Whose::User(eve)).await;
    assert!(!lives(&store, &eves).await);
}

pub(super) async fn revoking_everybody_ends_all_but_anonymous_sessions(store: Store) {
    let nobodys = insert(&store, anonymous()).await;
    let (ada, eve) = (user(), user());
    revoke_all(&store, Whose::User(ada)).await;
    let records = [inserted(&store, ada).await, inserted(&store, eve).await];
    revoke_all(&store, Whose::Everybody).await;
    for record in &records {
        assert!(!lives(&store, record).await);
    }
    assert!(lives(&store, &nobodys).await, "nobody is signed in there");
    let later = inserted(&store, ada).await;
    assert!(lives(&store, &later).await);
}

pub(super) async fn what_revoking_all_has_ended_does_not_come_back(store: Store) {
    let ada = user();
    let record = inserted(&store, ada).await;
    revoke_all(&store, Whose::User(ada)).await;
    assert_gone(&store, &record).await;
    // Nor does it ever become another session's.
    let later = inserted(&store, ada).await;
    assert!(!lives(&store, &record).await && lives(&store, &later).await);
}

pub(super) async fn a_sign_in_of_an_earlier_epoch_is_refused(store: Store) {
    let ada = user();
    let before = insert(&store, anonymous()).await;
    for whose in [Whose::User(ada), Whose::Everybody] {
        let epoch = store.epoch(ada).await.expect("an epoch");
        revoke_all(&store, whose).await;
        let late = with_epoch(ada, epoch);
        assert_eq!(store.insert(&late).await.expect("an answer"), Inserted::Superseded);
        let rotation = Rotation { to: late.clone(), ..renewed(&late) };
        assert!(matches!(rotate(&store, before.token, &rotation).await, Rotated::Superseded));
        assert!(!lives(&store, &late).await);
    }
    assert!(lives(&store, &before).await, "the anonymous session goes on");
}

pub(super) async fn a_list_shows_the_live_sessions_of_one_user(store: Store) {
    let (ada, eve) = (user(), user());
    let mut records = Vec::new();
    for minute in [3, 1, 2] {
        let record = of(&store, ada).await;
        records.push(insert(&store, SessionRecord { last_seen_at: at(minute * 60), ..record }).await);
    }
    inserted(&store, eve).await;
    insert(&store, anonymous()).await;
    assert_eq!(listed(&store, ada).await, [records[0].id, records[2].id, records[1].id]);
    assert_eq!(store.list(ada, 2).await.expect("a list").len(), 2);
    let first = store.list(ada, 1).await.expect("a list");
    assert_eq!(first, [records[0].summary()]);
    store.revoke(records[2].id, None).await.expect("an answer");
    assert_eq!(listed(&store, ada).await, [records[0].id, records[1].id]);
    assert!(find(&store, records[2].token).await.is_none());
}

pub(super) async fn the_sessions_that_were_seen_longest_ago_are_the_surplus(store: Store) {
    let (ada, eve) = (user(), user());
    let mut records = Vec::new();
    for minute in [3, 1, 2, 4, 0] {
        let record = of(&store, ada).await;
        records.push(insert(&store, SessionRecord { last_seen_at: at(minute * 60), ..record }).await);
    }
    let others = [inserted(&store, eve).await, insert(&store, anonymous()).await];
    let newest = records.pop().expect("five");
    let end_beyond = async |most| store.end_beyond(ada, most, newest.id).await.expect("an answer");

    assert_eq!(end_beyond(5).await, 0, "so many may be");
    assert_eq!(end_beyond(3).await, 2);
    assert_eq!(listed(&store, ada).await, [records[3].id, records[0].id, newest.id]);
    for ended in [&records[1], &records[2]] {
        assert_gone(&store, ended).await;
    }
    assert_eq!(end_beyond(1).await, 2, "the one that is kept is one of them, whenever it was seen");
    assert_eq!(listed(&store, ada).await, [newest.id]);
    assert_eq!(end_beyond(0).await, 0, "and stays in any case");
    assert!(lives(&store, &newest).await);
    for other in &others {
        assert!(lives(&store, other).await);
    }
    // One that was ended meanwhile takes no place from the others.
    let left = [inserted(&store, ada).await, inserted(&store, ada).await];
    store.revoke(newest.id, None).await.expect("an answer");
    assert_eq!(end_beyond(2).await, 0);
    assert!(lives(&store, &left[0]).await && lives(&store, &left[1]).await);
    // What is over already is no surplus.
    revoke_all(&store, Whose::User(ada)).await;
    let later = inserted(&store, ada).await;
    assert_eq!(store.end_beyond(ada, 1, later.id).await.expect("an answer"), 0);
}
