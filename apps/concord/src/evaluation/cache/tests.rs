use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{join_all, pending};
use tokio::sync::Notify;

use super::*;

/// A value that weighs as much as it says.
#[derive(Debug, PartialEq)]
struct Weight(usize);

impl Weigh for Weight {
    fn bytes(&self) -> usize {
        self.0
    }
}

fn cache(bytes: usize, entries: usize) -> Cache<u32, Weight> {
    Cache::new(CacheLimits { bytes, entries })
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Asks for a value, and tells whether it had to be made.
async fn ask(cache: &Cache<u32, Weight>, of: &str, revision: u32, weight: usize) -> bool {
    let made = AtomicUsize::new(0);
    let make = async || {
        made.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(Weight(weight))
    };
    cache.get(&name(of), revision, make).await.unwrap();
    made.into_inner() == 1
}

#[tokio::test]
async fn a_value_is_kept_for_as_long_as_its_state_is_asked_for() {
    let cache = cache(100, 10);
    assert!(ask(&cache, "a", 1, 1).await);
    assert!(!ask(&cache, "a", 1, 1).await);
    assert!(ask(&cache, "a", 2, 1).await, "another state");
    assert!(ask(&cache, "a", 1, 1).await, "only one state is kept");
    assert_eq!(cache.store().bytes, 1);
    cache.forget(&name("a"));
    assert_eq!(cache.store().bytes, 0);
    assert!(ask(&cache, "a", 1, 1).await);
}

#[tokio::test]
async fn what_was_not_asked_for_the_longest_goes_first() {
    let cache = cache(100, 10);
    for of in ["a", "b", "c"] {
        assert!(ask(&cache, of, 1, 30).await);
    }
    assert!(!ask(&cache, "a", 1, 30).await);
    assert!(ask(&cache, "d", 1, 30).await, "too much for all four");
    assert!(!ask(&cache, "a", 1, 30).await);
    assert!(!ask(&cache, "c", 1, 30).await);
    assert!(ask(&cache, "b", 1, 30).await);
    assert!(cache.store().bytes <= 100);
}

#[tokio::test]
async fn there_are_never_more_values_than_allowed() {
    let cache = cache(100, 2);
    for of in ["a", "b", "c"] {
        assert!(ask(&cache, of, 1, 1).await);
    }
    assert_eq!(cache.store().kept.len(), 2);
    assert!(ask(&cache, "a", 1, 1).await);
}

#[tokio::test]
async fn a_value_that_is_too_large_alone_does_not_push_out_the_others() {
    let cache = cache(100, 10);
    assert!(ask(&cache, "a", 1, 60).await);
    assert!(ask(&cache, "large", 1, 101).await);
    assert!(ask(&cache, "large", 1, 101).await);
    assert!(!ask(&cache, "a", 1, 60).await);
}

#[tokio::test]
async fn one_makes_what_many_ask_for() {
    let cache = cache(100, 10);
    let (made, arrived) = (AtomicUsize::new(0), Notify::new());
    let waiting = AtomicUsize::new(0);
    let asked = (0..10).map(|_| async {
        if waiting.fetch_add(1, Ordering::Relaxed) == 9 {
            arrived.notify_one();
        }
        let make = async || {
            made.fetch_add(1, Ordering::Relaxed);
            arrived.notified().await;
            Ok::<_, Infallible>(Weight(7))
        };
        cache.get(&name("a"), 1, make).await.unwrap()
    });
    let values = join_all(asked).await;
    assert!(values.iter().all(|value| **value == Weight(7)));
    assert_eq!(made.into_inner(), 1);
}

#[tokio::test]
async fn whoever_waits_goes_on_when_the_one_who_makes_it_leaves() {
    let (cache, name) = (cache(100, 10), name("a"));
    let mut leaver = Box::pin(cache.get(&name, 1, async || pending::<Result<Weight, Infallible>>().await));
    let mut waiter = Box::pin(ask(&cache, "a", 1, 1));
    assert!(leaver.as_mut().now_or_never().is_none());
    assert!(waiter.as_mut().now_or_never().is_none());
    drop(leaver);
    assert!(waiter.await);
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let cache = cache(100, 10);
    assert_eq!(cache.get(&name("a"), 1, async || Err("no")).await, Err("no"));
    assert!(ask(&cache, "a", 1, 1).await);
}

#[tokio::test]
async fn a_value_that_is_late_does_not_count_for_the_state_that_took_its_place() {
    let (cache, name) = (cache(100, 10), name("a"));
    let made = cache.get(&name, 1, async || {
        assert!(ask(&cache, "a", 2, 20).await);
        Ok::<_, Infallible>(Weight(50))
    });
    assert_eq!(*made.await.unwrap(), Weight(50));
    assert_eq!(cache.store().bytes, 20);
    assert!(!ask(&cache, "a", 2, 20).await);
}
