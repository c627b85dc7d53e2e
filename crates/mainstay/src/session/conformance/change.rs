//! Making and changing sessions.

use super::sample::{
    Store, anonymous, assert_same, data, find, insert, inserted, lives, of, patch, renewed, rotate, user,
};
use crate::session::data::{MAX_DATA_BYTES, Patch, SessionData};
use crate::session::record::{Generation, SessionRecord};
use crate::session::store::{Inserted, Patched, Rotated, Rotation, StoreError};

pub(super) async fn an_inserted_session_is_found_as_it_was(store: Store) {
    let nobodys = insert(&store, anonymous()).await;
    let somebodys = inserted(&store, user()).await;
    for record in [nobodys, somebodys] {
        assert_same(&find(&store, record.token).await.expect("it is there"), &record);
    }
    assert!(!lives(&store, &anonymous()).await);
}

pub(super) async fn inserting_takes_no_name_twice(store: Store) {
    let there = inserted(&store, user()).await;
    let same_token = SessionRecord { token: there.token, ..anonymous() };
    let same_id = SessionRecord { id: there.id, ..anonymous() };
    for rival in [same_token, same_id] {
        assert_eq!(store.insert(&rival).await.expect("an answer"), Inserted::Taken);
    }
    assert_same(&find(&store, there.token).await.expect("it is there"), &there);
}

pub(super) async fn patches_of_different_values_are_both_kept(store: Store) {
    let record = inserted(&store, user()).await;
    // Both were made from the same generation.
    let first = Patch::new().set("theme", "dark").remove("name");
    let second = Patch::new().set("cart", 4);
    assert!(matches!(patch(&store, &record, &first).await, Patched::Done(Generation(1))));
    assert!(matches!(patch(&store, &record, &second).await, Patched::Done(Generation(2))));
    let now = find(&store, record.token).await.expect("it is there");
    assert_eq!(now.data, data(&Patch::new().set("cart", 4).set("theme", "dark")));
    assert_same(&SessionRecord { data: record.data.clone(), generation: record.generation, ..now }, &record);
}

pub(super) async fn a_patch_that_depends_on_the_past_is_refused_when_that_has_changed(store: Store) {
    let record = inserted(&store, user()).await;
    let more = Patch::new().set("cart", 4);
    patch(&store, &record, &more).await;
    let late = store.patch(record.token, Some(Generation(0)), &Patch::new().set("cart", 9)).await;
    let Ok(Patched::Stale(now)) = late else { panic!("not refused: {late:?}") };
    assert_eq!((now.generation, &now.data), (Generation(1), &record.data.patched(&more).expect("room")));
    assert_same(&find(&store, record.token).await.expect("it is there"), &now);
    let again = store.patch(record.token, Some(now.generation), &Patch::new().set("cart", 5)).await;
    assert!(matches!(again, Ok(Patched::Done(Generation(2)))));
}

pub(super) async fn a_patch_without_room_changes_nothing(store: Store) {
    let record = inserted(&store, user()).await;
    let long = Patch::new().set("cart", 0).set("long", "x".repeat(MAX_DATA_BYTES));
    let refused = store.patch(record.token, None, &long).await;
    assert!(matches!(refused, Err(StoreError::TooLarge(_))), "{refused:?}");
    assert_same(&find(&store, record.token).await.expect("it is there"), &record);
}

pub(super) async fn a_rotation_replaces_the_token_and_keeps_the_data(store: Store) {
    let before =
        insert(&store, SessionRecord { data: data(&Patch::new().set("a", 1).set("b", 1)), ..anonymous() });
    let before = before.await;
    // What came between reading and rotating is kept as well.
    patch(&store, &before, &Patch::new().set("c", 1)).await;
    let to = SessionRecord { data: SessionData::EMPTY, ..of(&store, user()).await };
    let changes = Patch::new().set("b", 2).remove("a");
    let rotation = Rotation { to, keeps_data: true, patch: changes, expected: None };
    assert!(matches!(rotate(&store, before.token, &rotation).await, Rotated::Done));
    assert!(!lives(&store, &before).await, "the old token is dead");
    let now = find(&store, rotation.to.token).await.expect("the new token is good");
    let expected = data(&Patch::new().set("b", 2).set("c", 1));
    assert_same(&now, &SessionRecord { data: expected, generation: Generation(2), ..rotation.to.clone() });
    assert!(matches!(rotate(&store, before.token, &renewed(&before)).await, Rotated::Gone));
}

pub(super) async fn a_rotation_for_another_user_drops_the_data(store: Store) {
    let before = inserted(&store, user()).await;
    let other = user();
    let to = of(&store, other).await;
    let rotation = Rotation { to, keeps_data: false, patch: Patch::new().set("b", 2), expected: None };
    assert!(matches!(rotate(&store, before.token, &rotation).await, Rotated::Done));
    let now = find(&store, rotation.to.token).await.expect("it is there");
    assert_eq!((now.user(), now.data), (Some(other), data(&Patch::new().set("b", 2))));
    let formerly = store.list(before.user().expect("a user"), 10).await.expect("a list");
    assert!(formerly.is_empty(), "it is in one list only");
    assert_eq!(store.list(other, 10).await.expect("a list").len(), 1);
}

pub(super) async fn a_rotation_takes_no_name_twice(store: Store) {
    let (one, other) = (inserted(&store, user()).await, inserted(&store, user()).await);
    let mut same_token = renewed(&one);
    same_token.to.token = other.token;
    let mut same_id = renewed(&one);
    same_id.to.id = other.id;
    for rotation in [same_token, same_id] {
        assert!(matches!(rotate(&store, one.token, &rotation).await, Rotated::Taken));
    }
    for record in [one, other] {
        assert_same(&find(&store, record.token).await.expect("it is there"), &record);
    }
}

pub(super) async fn a_rotation_that_depends_on_the_past_is_refused_when_that_has_changed(store: Store) {
    let record = inserted(&store, user()).await;
    patch(&store, &record, &Patch::new().set("cart", 4)).await;
    let rotation = Rotation { expected: Some(Generation(0)), ..renewed(&record) };
    let late = rotate(&store, record.token, &rotation).await;
    assert!(matches!(&late, Rotated::Stale(now) if now.generation == Generation(1)), "{late:?}");
    assert!(lives(&store, &record).await);
    assert!(!lives(&store, &rotation.to).await);
}
