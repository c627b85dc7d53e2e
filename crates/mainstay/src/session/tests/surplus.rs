//! More sessions than a user may have.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use mainstay_core::{Clock, Tasks};

use super::browser::Browser;
use super::{keys, store::Probed, user};
use crate::session::{MemoryStore, SessionCookie, SessionParts, SessionSettings, Sessions};
use crate::telemetry::metrics::Metrics;

fn two_at_once() -> (Sessions, Arc<Probed>, mainstay_core::ManualClock) {
    let (clock, hands): (Clock, _) = Clock::manual();
    let store = Arc::new(Probed::new(Arc::new(MemoryStore::new(1_000))));
    let sessions = Sessions::new(SessionParts {
        settings: SessionSettings { max_per_user: 2, ..SessionSettings::default() },
        cookie: SessionCookie::new(true, true),
        keys: &keys("current", &[]),
        store: store.clone(),
        clock,
        tasks: Tasks::new(),
        meter: Metrics::new().sessions().clone(),
    });
    (sessions, store, hands)
}

async fn is_good(browser: &Browser) -> bool {
    browser.open().await.live().is_some()
}

#[tokio::test]
async fn one_too_many_ends_the_one_that_was_seen_longest_ago() {
    let (sessions, _, hands) = two_at_once();
    let (ada, eve) = (user(), user());
    let sign_in = async |user| {
        hands.advance(Duration::from_secs(10));
        let mut browser = Browser::new(sessions.clone());
        browser.sign_in(user).await;
        browser
    };
    let (first, second, eves) = (sign_in(ada).await, sign_in(ada).await, sign_in(eve).await);
    hands.advance(Duration::from_secs(10));
    assert!(is_good(&first).await, "it is used again");
    sessions.write_last_seen().await.unwrap();
    let third = sign_in(ada).await;
    assert!(is_good(&first).await && !is_good(&second).await && is_good(&third).await);
    assert!(is_good(&eves).await);
    assert_eq!(sessions.list(ada).await.unwrap().len(), 2);

    // Signing in again in the same browser replaces its session, and ends no other.
    let mut again = third.clone();
    again.sign_in(ada).await;
    assert!(is_good(&first).await && !is_good(&third).await && is_good(&again).await);
}

#[tokio::test]
async fn many_at_once_leave_as_many_as_there_may_be() {
    let (sessions, store, _) = two_at_once();
    let ada = user();
    for seed in 1..200 {
        store.linger_by(seed);
        let sign_in = async || {
            let mut browser = Browser::new(sessions.clone());
            browser.sign_in(ada).await;
        };
        join_all((0..5).map(|_| sign_in())).await;
        assert_eq!(sessions.list(ada).await.unwrap().len(), 2, "seed {seed}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_then_keeps_nobody_from_signing_in() {
    let (sessions, store, _) = two_at_once();
    let ada = user();
    for _ in 0..3 {
        let epoch = sessions.epoch(ada).await.unwrap();
        let session = Browser::new(sessions.clone()).open().await;
        session.sign_in(ada, epoch).unwrap();
        store.cannot_end_beyond.store(true, Ordering::Relaxed);
        assert!(sessions.save(&session, http::StatusCode::OK).await.unwrap().is_some());
        store.cannot_end_beyond.store(false, Ordering::Relaxed);
    }
    assert_eq!(sessions.list(ada).await.unwrap().len(), 3);
    Browser::new(sessions.clone()).sign_in(ada).await;
    assert_eq!(sessions.list(ada).await.unwrap().len(), 2, "the next sign-in ends them");
}
