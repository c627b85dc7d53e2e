use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;

use super::store::Probed;
use super::{World, token_of, user};
use crate::session::{MemoryStore, SessionError, SessionStore, Standing, StoreError};
use crate::{ErrorCode, Refusal};

impl World {
    fn set_broken(&self, is_broken: bool) {
        self.store.is_broken.store(is_broken, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_good_answer_does_not_leave_when_its_state_is_lost() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    for change in 0..4 {
        let session = browser.open().await;
        match change {
            0 => session.set("n", &1).unwrap(),
            1 => session.sign_out().unwrap(),
            2 => session.confirm().unwrap(),
            _ => session.sign_in(user(), world.sessions.epoch(user()).await.unwrap()).unwrap(),
        }
        world.set_broken(true);
        let lost = world.sessions.save(&session, StatusCode::OK).await.unwrap_err();
        world.set_broken(false);
        assert!(matches!(lost, SessionError::Store(StoreError::Other(_))));
        let refusal = Refusal::from(lost);
        assert_eq!(refusal.code(), ErrorCode::StoreUnavailable);
        assert!(world.is_good(&browser.cookie()).await, "nothing was changed");
    }
    let nothing = browser.open().await;
    world.set_broken(true);
    assert_eq!(world.sessions.save(&nothing, StatusCode::OK).await.unwrap(), None, "nothing is lost");
}

#[tokio::test]
async fn without_the_store_nobody_knows_who_it_is_but_the_cache() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    browser.open().await;
    world.set_broken(true);
    assert!(matches!(browser.open().await.standing(), Standing::SignedIn(_)), "it was found lately");
    let uncached = super::browser::open(&world.uncached, &browser.cookie()).await;
    assert_eq!(uncached.standing(), Standing::Unknown);
    // Whatever was written would go into another session, and take the place of this one's cookie.
    assert!(matches!(uncached.set("n", &1), Err(SessionError::Unknown)));
    assert!(matches!(uncached.sign_out(), Err(SessionError::Unknown)));
    assert_eq!(Refusal::from(uncached.confirm().unwrap_err()).code(), ErrorCode::StoreUnavailable);
    assert_eq!(world.uncached.save(&uncached, StatusCode::OK).await.unwrap(), None);
    world.set_broken(false);
    let again = super::browser::open(&world.uncached, &browser.cookie()).await;
    assert!(matches!(again.standing(), Standing::SignedIn(_)), "and it is back with the store");
}

#[tokio::test]
async fn notes_wait_for_the_store_to_come_back() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    world.hands.advance(std::time::Duration::from_mins(5));
    browser.open().await;
    world.set_broken(true);
    assert!(world.sessions.write_last_seen().await.is_err());
    world.set_broken(false);
    assert_eq!(world.sessions.write_last_seen().await.unwrap(), 1);
}

#[tokio::test]
async fn strangers_push_no_user_out_of_the_memory() {
    let world = World::with(Probed::new(Arc::new(MemoryStore::new(3))));
    let users = [world.signed_in(user()).await, world.signed_in(user()).await];
    let mut strangers = Vec::new();
    for _ in 0..5 {
        let mut stranger = world.browser();
        stranger.visit(|session| session.set("n", &1).unwrap()).await.unwrap();
        world.hands.advance(std::time::Duration::from_secs(1));
        strangers.push(stranger);
    }
    for user in &users {
        assert!(world.is_good(&user.cookie()).await);
    }
    let mut left = 0;
    for stranger in &strangers {
        let found = world.store.load(token_of(&stranger.cookie())).await.unwrap();
        left += usize::from(found.is_some());
    }
    assert_eq!(left, 1, "the newest one");
    world.signed_in(user()).await;
    let full = world.browser().visit(|session| session.set("n", &1).unwrap()).await.unwrap_err();
    assert!(matches!(full, SessionError::Store(StoreError::Full)));
}
