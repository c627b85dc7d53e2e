//! What floods of keys can do, and cannot.

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Clock, ManualClock};
use uuid::Uuid;

use super::*;
use crate::Rate;
use crate::limits::gcra::Quota;
use crate::limits::key::{Scope, Subject};
use crate::limits::store::Charge;

/// Five a minute: one more every twelve seconds.
const QUOTA: Quota = Quota::of(Rate::per_minute(5));

fn store(slots: usize) -> (MemoryStore, ManualClock) {
    let (clock, hands) = Clock::manual();
    hands.advance(Duration::from_secs(1));
    (MemoryStore::new(slots, clock), hands)
}

fn charge(number: u128) -> Charges {
    let subject = Subject::id(Uuid::from_u128(number));
    Charges::of(Charge { key: LimitKey { class: "test", scope: Scope::Identity, subject }, quota: QUOTA })
}

fn goes(store: &MemoryStore, number: u128) -> bool {
    store.charge_now(&charge(number), Mode::Memory).is_admitted
}

/// How many of ten requests go.
fn of_ten(store: &MemoryStore, number: u128) -> usize {
    (0..10).filter(|_| goes(store, number)).count()
}

#[test]
fn the_memory_is_stated_and_bounded() {
    let slots = 262_144;
    let (small, _) = store(slots);
    assert_eq!(small.bytes(), slots / 8 * 136 + slots / 8 * 64);
    assert!(small.bytes() < 16 << 20);
    assert_eq!(store(1).0.bytes(), 136 + 64);
    assert_eq!(store(9).0.bytes(), 2 * (136 + 64));
}

#[test]
fn a_flood_neither_frees_an_offender_nor_touches_a_tracked_innocent() {
    let (store, hands) = store(4_096);
    let (offender, innocent) = (u128::MAX, u128::MAX - 1);
    assert_eq!(of_ten(&store, offender), 5);
    assert!(goes(&store, innocent));
    let bytes = store.bytes();
    let mut stranger = 0;
    // Two minutes of flood. Each asks at its own pace: one as often as the limit lets it, the other all the time.
    for second in 0..120 {
        for _ in 0..20_000 {
            goes(&store, stranger);
            stranger += 1;
        }
        hands.advance(Duration::from_secs(1));
        if second % 12 == 11 {
            assert!(goes(&store, innocent), "second {second}");
            assert!(goes(&store, offender), "its share has been filled in");
        }
        assert!(!goes(&store, offender), "and no more than that: second {second}");
    }
    assert_eq!(stranger, 2_400_000);
    assert_eq!(store.bytes(), bytes);
    assert!(store.live() <= 4_096);
}

#[test]
fn who_finds_no_slot_is_never_counted_too_little() {
    // One set: eight slots, and the sketch behind them.
    let (store, hands) = store(8);
    for stranger in 0..8 {
        assert_eq!(of_ten(&store, stranger), 5);
    }
    let late = 1_000;
    let gone = of_ten(&store, late);
    assert!(gone <= 5, "{gone} went");
    // When the slots are free again it brings its charges along.
    hands.advance(Duration::from_secs(12));
    let gone = of_ten(&store, late);
    assert!(gone <= 1, "{gone} went");
    hands.advance(Duration::from_mins(2));
    assert_eq!(of_ten(&store, late), 5, "all is forgotten in time");
}

#[test]
fn over_a_long_time_nobody_gets_more_than_the_limit_however_crowded_it_is() {
    let (store, hands) = store(64);
    let mut gone = [0_u32; 400];
    for _ in 0..600 {
        for (key, gone) in gone.iter_mut().enumerate() {
            *gone += u32::from(goes(&store, key as u128));
        }
        hands.advance(Duration::from_secs(1));
    }
    // A second short of ten minutes: five at once and one every twelve seconds.
    assert!(gone.iter().all(|gone| *gone <= 5 + 49), "{:?}", gone.iter().max());
    let all_of_it = gone.iter().filter(|gone| **gone == 54).count();
    assert!(all_of_it >= 32, "those with a slot get all of it: {all_of_it}");
}

#[test]
fn many_at_once_are_as_many_as_one_by_one() {
    let (store, _) = store(1_024);
    let store = Arc::new(store);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            std::thread::Builder::new()
                .spawn(move || (0..10_000).filter(|at| goes(&store, at % 10)).count())
                .unwrap()
        })
        .collect();
    let gone: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(gone, 50);
}

#[test]
fn all_or_none() {
    let (store, _) = store(1_024);
    let pair = |one: u128, other: u128| charge(one).and(charge(other).as_slice()[0]);
    assert_eq!(of_ten(&store, 1), 5);
    for _ in 0..20 {
        let outcome = store.charge_now(&pair(2, 1), Mode::Memory);
        assert!(!outcome.is_admitted);
        assert_eq!((outcome.tightest, outcome.standing.wait), (1, QUOTA.emission));
    }
    assert_eq!(of_ten(&store, 2), 5, "nothing was charged to the first one");
}

#[test]
fn a_charge_is_taken_back_once_the_bucket_has_not_forgotten_it() {
    let (store, hands) = store(1_024);
    let charges = charge(7);
    let receipt = store.charge_now(&charges, Mode::Memory).receipt(charges);
    store.give_back_now(&receipt);
    assert_eq!(of_ten(&store, 7), 5);
    hands.advance(Duration::from_hours(1));
    let receipt = store.charge_now(&charges, Mode::Memory).receipt(charges);
    hands.advance(Duration::from_mins(2));
    assert_eq!(of_ten(&store, 7), 5);
    store.give_back_now(&receipt);
    assert_eq!(of_ten(&store, 7), 0, "it had been filled in long ago");
}

#[test]
fn marks_last_as_long_as_they_should() {
    let (store, hands) = store(64);
    let key = charge(1).as_slice()[0].key;
    let marked = |store: &MemoryStore| store.table.is_live(store.hash(&key), store.now());
    assert!(!marked(&store));
    store.table.raise(store.hash(&key), store.now() + 10_000_000_000, store.now());
    assert!(marked(&store));
    // A flood takes nobody's mark.
    for stranger in 100..100_000 {
        goes(&store, stranger);
    }
    assert!(marked(&store));
    hands.advance(Duration::from_secs(10));
    assert!(!marked(&store));
}
