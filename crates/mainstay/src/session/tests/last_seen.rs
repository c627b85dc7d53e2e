use std::time::Duration;

use mainstay_core::Shutdown;

use super::{World, user};
use crate::session::last_seen::{LastSeen, Seen, interval};
use crate::session::{RefusedToken, SessionId, SessionSettings, Standing};

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
    let world = World::new();
    let (busy, idle) = (world.signed_in(user()).await, world.signed_in(user()).await);
    let step = SessionSettings::default().idle_timeout.saturating_sub(Duration::from_secs(1));
    for _ in 0..3 {
        world.hands.advance(step);
        // Noted, and not written yet: neither the cache's own time nor the row's matters.
        assert!(matches!(busy.open().await.standing(), Standing::SignedIn(_)));
    }
    assert_eq!(idle.open().await.standing(), Standing::Refused(RefusedToken::Expired));
}

#[tokio::test]
async fn the_lifetime_ends_also_a_busy_session() {
    let world = World::new();
    let busy = world.signed_in(user()).await;
    let settings = SessionSettings::default();
    let end = busy.open().await.expires_at().unwrap();
    assert_eq!(end, world.clock.timestamp() + jiff::SignedDuration::try_from(settings.idle_timeout).unwrap());
    let mut left = settings.lifetime;
    while !left.is_zero() {
        assert!(matches!(busy.open().await.standing(), Standing::SignedIn(_)), "{left:?} before the end");
        let step = left.min(Duration::from_mins(25));
        world.hands.advance(step);
        left -= step;
    }
    assert_eq!(busy.open().await.standing(), Standing::Refused(RefusedToken::Expired));
}

#[tokio::test]
async fn notes_are_written_once_and_reach_the_other_instance() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    let half = SessionSettings::default().idle_timeout / 2;
    for _ in 0..10 {
        browser.open().await;
    }
    assert_eq!(world.sessions.write_last_seen().await.unwrap(), 0, "it was stored a moment ago");
    world.hands.advance(half);
    for _ in 0..10 {
        browser.open().await;
    }
    assert_eq!(world.sessions.write_last_seen().await.unwrap(), 1, "ten requests, one note");
    assert_eq!(world.sessions.write_last_seen().await.unwrap(), 0);
    world.hands.advance(half);
    assert!(world.is_good(&browser.cookie()).await, "the other instance reads it");
}

#[tokio::test(start_paused = true)]
async fn the_worker_writes_and_sweeps_and_does_so_once_more_at_the_end() {
    let world = World::new();
    let (busy, idle) = (world.signed_in(user()).await, world.signed_in(user()).await);
    let half = SessionSettings::default().idle_timeout / 2;
    world.hands.advance(half);
    busy.open().await;
    world.hands.advance(half);
    let shutdown = Shutdown::new();
    let upkeep = world.sessions.clone().upkeep(shutdown.clone());
    world.store.calls();
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if world.store.calls().contains(&"sweep") {
                break;
            }
        }
        assert!(!world.is_good(&idle.cookie()).await);
        world.hands.advance(Duration::from_mins(1));
        busy.open().await;
        world.store.calls();
        shutdown.begin();
    };
    let (ended, ()) = tokio::join!(upkeep, watch);
    ended.unwrap();
    assert_eq!(world.store.calls(), ["touch"]);
    assert_eq!(world.sessions.sweep().await.unwrap(), 0, "it was swept");
    assert_eq!(world.sessions.write_last_seen().await.unwrap(), 0, "it was written");
}

#[test]
fn notes_wait_for_a_twentieth_of_the_idle_time_and_a_minute_at_most() {
    for (idle, expected) in [(60, 3), (600, 30), (1_200, 60), (100_000, 60), (5, 1)] {
        assert_eq!(interval(Duration::from_secs(idle)), Duration::from_secs(expected));
    }
}

#[test]
fn a_newer_note_stays_when_an_older_one_was_written() {
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let (notes, id) = (LastSeen::default(), SessionId(user()));
    let seen = Seen::new(at(0));
    notes.note(id, &seen, at(10));
    let written = notes.all();
    notes.note(id, &seen, at(20));
    notes.written(&written);
    assert_eq!(notes.all(), [(id, at(20))]);
    notes.note(id, &seen, at(5));
    assert_eq!((notes.of(id), seen.at()), (Some(at(20)), at(20)), "time does not go back");
}
