//! What other instances change.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_core::Shutdown;

use super::browser::{self, Browser};
use super::{World, keys, node, user};
use crate::session::{CacheKind, Sessions, Whose};
use crate::telemetry::metrics::Metrics;

impl World {
    /// Another instance, with a cache of its own.
    fn neighbour(&self) -> Sessions {
        node(&keys("current", &[]), CacheKind::Memory, self.store.clone(), &self.clock, &Metrics::new())
    }
}

async fn is_good(sessions: &Sessions, browser: &Browser) -> bool {
    browser::open(sessions, &browser.cookie()).await.live().is_some()
}

#[tokio::test]
async fn what_another_instance_ends_is_over_when_it_was_asked_for() {
    let world = World::new();
    let neighbour = world.neighbour();
    let mut mark = neighbour.catch_up(None).await.unwrap();
    for how in 0..5 {
        let ada = user();
        let mut browser = world.signed_in(ada).await;
        let before = browser.clone();
        mark = neighbour.catch_up(Some(mark)).await.unwrap();
        assert!(is_good(&neighbour, &before).await);
        let id = browser.open().await.id().unwrap();
        match how {
            0 => drop(world.sessions.revoke(id, None).await.unwrap()),
            1 => world.sessions.revoke_all(Whose::User(ada), None).await.unwrap(),
            2 => world.sessions.revoke_all(Whose::Everybody, None).await.unwrap(),
            3 => browser.visit(|session| session.sign_out().unwrap()).await.unwrap(),
            // The token is another then: the one of before is over.
            _ => browser.visit(|session| session.confirm().unwrap()).await.unwrap(),
        }
        assert!(is_good(&neighbour, &before).await, "it goes by its cache");
        mark = neighbour.catch_up(Some(mark)).await.unwrap();
        assert!(!is_good(&neighbour, &before).await, "{how}");
    }
}

#[tokio::test]
async fn what_another_instance_sets_is_seen_when_it_was_asked_for() {
    let world = World::new();
    let neighbour = world.neighbour();
    let mut browser = world.signed_in(user()).await;
    let seen = async || browser::open(&neighbour, &browser.cookie()).await.get::<u32>("n").unwrap();
    let mark = neighbour.catch_up(None).await.unwrap();
    assert_eq!(seen().await, None);
    browser.clone().visit(|session| session.set("n", &1).unwrap()).await.unwrap();
    neighbour.catch_up(Some(mark)).await.unwrap();
    assert_eq!(seen().await, Some(1));
    browser.visit(|session| session.set("n", &2).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_cache_that_has_not_asked_for_a_second_is_not_believed() {
    let world = World::new();
    let neighbour = world.neighbour();
    let browser = world.signed_in(user()).await;
    let mark = neighbour.catch_up(None).await.unwrap();
    assert!(is_good(&neighbour, &browser).await);
    let id = browser.open().await.id().unwrap();
    world.sessions.revoke(id, None).await.unwrap();

    // It stands still, or the store does not answer.
    world.hands.advance(Duration::from_millis(999));
    assert!(is_good(&neighbour, &browser).await);
    world.store.is_broken.store(true, Ordering::Relaxed);
    assert!(neighbour.catch_up(Some(mark)).await.is_err());
    world.hands.advance(Duration::from_millis(1));
    assert!(!is_good(&neighbour, &browser).await, "the store does not answer, and the cache is not asked");
    world.store.is_broken.store(false, Ordering::Relaxed);
    assert!(!is_good(&neighbour, &browser).await);

    // And it goes on with what it had where that is still good.
    let other = world.signed_in(user()).await;
    let mark = neighbour.catch_up(Some(mark)).await.unwrap();
    assert!(is_good(&neighbour, &other).await);
    world.store.calls();
    neighbour.catch_up(Some(mark)).await.unwrap();
    assert!(is_good(&neighbour, &other).await);
    assert_eq!(world.store.calls(), ["changes"], "it is in the cache");
}

#[tokio::test(start_paused = true)]
async fn the_worker_asks_until_it_is_told_to_stop() {
    let world = World::new();
    let neighbour = world.neighbour();
    let browser = world.signed_in(user()).await;
    let shutdown = Shutdown::new();
    let work = async {
        // The first answer has come when a session is taken into the cache.
        while !world.store.calls().contains(&"changes") {
            tokio::task::yield_now().await;
        }
        assert!(is_good(&neighbour, &browser).await);
        world.sessions.revoke_all(Whose::Everybody, None).await.unwrap();
        world.store.calls();
        while !world.store.calls().contains(&"changes") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!is_good(&neighbour, &browser).await);
        shutdown.begin();
    };
    let (followed, ()) = tokio::join!(neighbour.clone().follow(shutdown.clone()), work);
    followed.unwrap();
}
