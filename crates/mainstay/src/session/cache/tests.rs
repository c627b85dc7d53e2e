use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Clock, ManualClock, random};
use uuid::Uuid;

use super::memory::MemoryCache;
use super::{Found, Lookup, Ticket};
use crate::CsrfSecrets;
use crate::session::last_seen::Seen;
use crate::session::{
    AuthLevel, Device, Epoch, Expiry, Generation, SecretHash, SessionData, SessionId, SessionRecord, Subject,
    TokenId, UserId,
};

const LONGEST_USE: Duration = Duration::from_mins(5);

fn cache(capacity: usize) -> (MemoryCache, ManualClock) {
    let (clock, hands) = Clock::manual();
    (MemoryCache::new(capacity, LONGEST_USE, &clock), hands)
}

fn found(user: Option<UserId>) -> Arc<Found> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let subject = user.map(|user| Subject {
        user,
        epoch: Epoch::default(),
        level: AuthLevel::SignedIn,
        authenticated_at: now,
    });
    let record = SessionRecord {
        id: SessionId(Uuid::from_bytes(random::bytes())),
        token: TokenId::from_bytes(random::bytes()),
        secret_hash: SecretHash::from_bytes([0; 32]),
        subject,
        generation: Generation::default(),
        created_at: now,
        last_seen_at: now,
        expiry: Expiry::begin(now, Duration::from_mins(30), Duration::from_hours(12)),
        csrf: CsrfSecrets::new(),
        device: Device::default(),
        data: SessionData::EMPTY,
    };
    Arc::new(Found { record, seen: Seen::new(now) })
}

fn user() -> UserId {
    Uuid::from_bytes(random::bytes())
}

fn miss(cache: &MemoryCache, found: &Found) -> Ticket {
    match cache.get(found.record.token) {
        Lookup::Miss(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn is_in(cache: &MemoryCache, found: &Found) -> bool {
    matches!(cache.get(found.record.token), Lookup::Hit(hit) if hit.record.id == found.record.id)
}

fn fill(cache: &MemoryCache, found: &Arc<Found>) {
    let ticket = miss(cache, found);
    cache.fill(ticket, found);
}

#[test]
fn what_was_brought_is_there_for_five_minutes() {
    let (cache, hands) = cache(100);
    let ada = found(Some(user()));
    fill(&cache, &ada);
    assert!(is_in(&cache, &ada));
    hands.advance(LONGEST_USE.saturating_sub(Duration::from_nanos(1)));
    assert!(is_in(&cache, &ada), "also when it is used all the time");
    hands.advance(Duration::from_nanos(1));
    assert!(!is_in(&cache, &ada));
}

#[test]
fn the_five_minutes_begin_before_the_row_was_read() {
    let (cache, hands) = cache(100);
    let ada = found(Some(user()));
    let ticket = miss(&cache, &ada);
    hands.advance(LONGEST_USE.saturating_sub(Duration::from_secs(1)));
    cache.fill(ticket, &ada);
    assert!(is_in(&cache, &ada));
    hands.advance(Duration::from_secs(1));
    assert!(!is_in(&cache, &ada));
}

#[test]
fn what_was_read_before_something_was_forgotten_stays_out() {
    type Forget = fn(&MemoryCache, &Found);
    let ada = user();
    let forgets: [(&str, Forget); 4] = [
        ("token", |cache, found| cache.forget(found.record.token)),
        ("session", |cache, found| cache.forget_session(found.record.id)),
        ("user", |cache, found| cache.forget_user(found.record.user().unwrap())),
        ("all", |cache, _| cache.forget_all()),
    ];
    for (what, forget) in forgets {
        let (cache, _hands) = cache(100);
        let row = found(Some(ada));
        // There already.
        fill(&cache, &row);
        assert!(is_in(&cache, &row));
        forget(&cache, &row);
        let before = miss(&cache, &row);
        // On its way.
        forget(&cache, &row);
        cache.fill(before, &row);
        let late = miss(&cache, &row);
        // Read afterwards.
        cache.fill(late, &row);
        assert!(is_in(&cache, &row), "{what}");
        // An older one does not take its place.
        cache.fill(before, &row);
        assert!(is_in(&cache, &row), "{what}");
    }
}

#[test]
fn forgetting_a_user_leaves_others() {
    let (cache, _hands) = cache(100);
    let (ada, eve, nobody) = (found(Some(user())), found(Some(user())), found(None));
    for row in [&ada, &eve, &nobody] {
        fill(&cache, row);
    }
    cache.forget_user(ada.record.user().unwrap());
    assert!(!is_in(&cache, &ada) && is_in(&cache, &eve) && is_in(&cache, &nobody));
    cache.forget(eve.record.token);
    assert!(!is_in(&cache, &eve) && is_in(&cache, &nobody));
    cache.forget_all();
    assert!(!is_in(&cache, &nobody));
}

#[test]
fn it_holds_no_more_than_it_may_and_keeps_what_is_used() {
    let (cache, _hands) = cache(160);
    let regular = found(None);
    fill(&cache, &regular);
    let mut present = 0;
    let passers: Vec<_> = (0..2_000).map(|_| found(None)).collect();
    for passer in &passers {
        fill(&cache, passer);
        assert!(is_in(&cache, &regular), "it is used between any two others");
    }
    for passer in &passers {
        present += usize::from(is_in(&cache, passer));
    }
    assert!(present < 160, "{present}");
    assert!(present > 100, "{present}: the room is used");
    assert!(cache.len() <= 160);
}

#[test]
fn more_forgotten_users_than_it_remembers_empty_it() {
    let (cache, hands) = cache(100);
    let ada = found(Some(user()));
    fill(&cache, &ada);
    let ticket = miss(&cache, &found(Some(user())));
    for _ in 0..super::memory::MAX_MARKS {
        cache.forget_user(user());
    }
    assert!(is_in(&cache, &ada));
    cache.forget_user(user());
    assert!(!is_in(&cache, &ada));
    let eve = found(Some(user()));
    cache.fill(ticket, &eve);
    assert!(!is_in(&cache, &eve), "what was read before stays out");
    // After five minutes nothing that old can be in it, and the users need not be remembered.
    for _ in 0..super::memory::MAX_MARKS {
        cache.forget_user(user());
    }
    fill(&cache, &ada);
    hands.advance(LONGEST_USE);
    fill(&cache, &eve);
    cache.forget_user(user());
    assert!(is_in(&cache, &eve));
}
