//! Telling what was changed.

use futures_util::future::join;

use super::sample::{Store, anonymous, at, insert, inserted, of, patch, renewed, rotate, user};
use crate::session::data::Patch;
use crate::session::record::SessionRecord;
use crate::session::store::{Changed, Changes, MAX_CHANGES, Mark, Whose};

async fn changes(store: &Store, since: Option<Mark>) -> Changes {
    store.changes(since).await.expect("an answer")
}

async fn now(store: &Store) -> Mark {
    let now = changes(store, None).await;
    assert!(now.changed.is_empty(), "without a mark there is nothing to tell");
    now.mark
}

pub(super) async fn what_was_changed_is_told_once_and_in_order(store: Store) {
    let (ada, eve) = (user(), user());
    let before = now(&store).await;
    let first = inserted(&store, ada).await;
    patch(&store, &first, &Patch::new().set("cart", 9)).await;
    rotate(&store, first.token, &renewed(&first)).await;
    let arriving = insert(&store, anonymous()).await;
    let signed_in = SessionRecord { token: arriving.token, ..of(&store, eve).await };
    let mut rotation = renewed(&arriving);
    rotation.to = SessionRecord { token: rotation.to.token, ..signed_in };
    rotate(&store, arriving.token, &rotation).await;
    store.revoke(first.id, None).await.expect("an answer");
    store.revoke_all(Whose::User(eve), None).await.expect("an answer");
    store.revoke_all(Whose::Everybody, None).await.expect("an answer");
    let kept = inserted(&store, ada).await;
    inserted(&store, ada).await;
    store.end_beyond(ada, 1, kept.id).await.expect("an answer");

    let (session, user) = (Changed::Session, Changed::User);
    let expected = [
        user(ada),
        session(first.id),
        session(first.id),
        user(ada),
        session(arriving.id),
        user(eve),
        session(first.id),
        user(eve),
        Changed::All,
        user(ada),
        user(ada),
        user(ada),
    ];
    let told = changes(&store, Some(before)).await;
    assert_eq!(told.changed, expected);
    assert_eq!(
        changes(&store, Some(told.mark)).await,
        Changes { mark: told.mark, changed: Vec::new() },
        "once"
    );
    patch(&store, &kept, &Patch::new().set("cart", 9)).await;
    assert_eq!(changes(&store, Some(told.mark)).await.changed, [session(kept.id)]);
}

pub(super) async fn what_was_not_changed_is_not_told(store: Store) {
    let (ada, gone) = (inserted(&store, user()).await, inserted(&store, user()).await);
    store.revoke(gone.id, None).await.expect("an answer");
    let before = now(&store).await;
    insert(&store, anonymous()).await;
    store.load(ada.token).await.expect("an answer");
    store.touch(&[(ada.id, at(60))]).await.expect("an answer");
    store.revoke(gone.id, None).await.expect("an answer");
    store.revoke(ada.id, Some(user())).await.expect("an answer");
    store.end_beyond(user(), 1, ada.id).await.expect("an answer");
    store.insert(&ada).await.expect("an answer");
    patch(&store, &gone, &Patch::new().set("cart", 9)).await;
    rotate(&store, gone.token, &renewed(&gone)).await;
    store.sweep(at(60), 10).await.expect("an answer");
    assert_eq!(changes(&store, Some(before)).await, Changes { mark: before, changed: Vec::new() });
}

pub(super) async fn more_changes_than_can_be_told_are_all(store: Store) {
    let record = inserted(&store, user()).await;
    let before = now(&store).await;
    for number in 0..MAX_CHANGES {
        patch(&store, &record, &Patch::new().set("n", number)).await;
    }
    assert_eq!(changes(&store, Some(before)).await.changed.len(), MAX_CHANGES);
    patch(&store, &record, &Patch::new().set("n", "more")).await;
    let told = changes(&store, Some(before)).await;
    assert_eq!(told.changed, [Changed::All]);
    assert_eq!(told.mark, now(&store).await);
    // Keeping the latest is a matter of tidying up, and takes none of them away.
    store.sweep(at(0), 10).await.expect("an answer");
    assert_eq!(changes(&store, Some(Mark(told.mark.0 - 7))).await.changed.len(), 7);
}

pub(super) async fn a_mark_of_another_time_is_all(store: Store) {
    inserted(&store, user()).await;
    let mark = now(&store).await;
    for strange in [Mark(mark.0 + 1), Mark(i64::MAX), Mark(-1), Mark(i64::MIN)] {
        assert_eq!(
            changes(&store, Some(strange)).await,
            Changes { mark, changed: vec![Changed::All] },
            "{strange:?}"
        );
    }
}

pub(super) async fn no_change_is_passed_over_by_whoever_asks_meanwhile(store: Store) {
    const EACH: usize = 50;
    let (ada, eve) = (inserted(&store, user()).await, inserted(&store, user()).await);
    let before = now(&store).await;
    let change = async |record: &SessionRecord| {
        for number in 0..EACH {
            patch(&store, record, &Patch::new().set("n", number)).await;
        }
    };
    let listen = async {
        let (mut mark, mut told) = (before, 0);
        while told < 2 * EACH {
            let changes = changes(&store, Some(mark)).await;
            assert!(!changes.changed.contains(&Changed::All));
            (mark, told) = (changes.mark, told + changes.changed.len());
            tokio::task::yield_now().await;
        }
        assert_eq!(told, 2 * EACH);
    };
    join(join(change(&ada), change(&eve)), listen).await;
}
