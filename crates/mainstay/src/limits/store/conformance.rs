//! What every store of limits must do, as checks that run on any of them.
//!
//! A new store is right when [`check_all`] returns:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use mainstay::limits::{MemoryStore, conformance};
//! use mainstay_core::Clock;
//!
//! conformance::check_all(&MemoryStore::new(1_024, Clock::system())).await;
//! # }
//! ```
//!
//! The buckets of the checks fill up by one in an hour, so a store whose time cannot be moved can be checked as well.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a check ends where the store is wrong")]

use futures_util::future::join_all;
use mainstay_core::random;
use uuid::Uuid;

use super::{Charge, Charges, LimitStore, Outcome};
use crate::limits::gcra::Quota;
use crate::limits::key::{LimitKey, Scope, Subject};
use crate::limits::rate::Rate;

/// Ten, and one more in an hour.
const TEN: Quota = Quota::of(Rate { requests: 10, seconds: 36_000 });

/// Runs all checks, each with keys that nobody else has.
pub async fn check_all(store: &impl LimitStore) {
    a_bucket_lets_as_many_go_as_it_holds(store).await;
    many_at_once_are_as_many_as_one_by_one(store).await;
    a_refusal_is_charged_to_no_bucket(store).await;
    scopes_and_classes_are_apart(store).await;
    what_is_taken_back_fits_again(store).await;
    a_refusal_says_when_one_more_fits(store).await;
    marks_are_remembered(store).await;
}

/// `N` of `10 N`, and the outcome counts them down.
pub async fn a_bucket_lets_as_many_go_as_it_holds(store: &impl LimitStore) {
    let charges = Charges::of(fresh());
    for at in 0..100 {
        let outcome = charge(store, &charges).await;
        assert_eq!(outcome.is_admitted, at < 10, "request {at}");
        assert_eq!(outcome.standing.left, 9_u32.saturating_sub(at), "request {at}");
    }
}

/// However many ask at once.
pub async fn many_at_once_are_as_many_as_one_by_one(store: &impl LimitStore) {
    let charges = Charges::of(fresh());
    let outcomes = join_all((0..200).map(|_| store.charge(&charges))).await;
    let gone = outcomes.into_iter().filter(|outcome| outcome.expect("the store answers").is_admitted).count();
    assert_eq!(gone, 10);
}

/// All or none.
pub async fn a_refusal_is_charged_to_no_bucket(store: &impl LimitStore) {
    let (one, other) = (fresh(), fresh());
    for _ in 0..10 {
        assert!(charge(store, &Charges::of(other)).await.is_admitted);
    }
    for _ in 0..30 {
        let outcome = charge(store, &Charges::of(one).and(other)).await;
        assert!(!outcome.is_admitted && outcome.tightest == 1, "the second bucket refuses");
    }
    let outcome = charge(store, &Charges::of(one)).await;
    assert_eq!((outcome.is_admitted, outcome.standing.left), (true, 9), "nothing was charged to the first");
}

/// One subject has a bucket in each scope of each class.
pub async fn scopes_and_classes_are_apart(store: &impl LimitStore) {
    let one = fresh();
    let scope = Charge { key: LimitKey { scope: Scope::Address, ..one.key }, ..one };
    let class = Charge { key: LimitKey { class: "conformance_2", ..one.key }, ..one };
    for charge_of in [one, scope, class] {
        assert_eq!(charge(store, &Charges::of(charge_of)).await.standing.left, 9);
    }
}

/// And only what was charged.
pub async fn what_is_taken_back_fits_again(store: &impl LimitStore) {
    let charges = Charges::of(fresh()).and(fresh());
    for _ in 0..30 {
        let outcome = charge(store, &charges).await;
        assert!(outcome.is_admitted);
        store.give_back(&outcome.receipt(charges)).await.expect("the store answers");
    }
    assert_eq!(charge(store, &charges).await.standing.left, 9);
}

/// As long as it takes until one more fits, and no longer.
pub async fn a_refusal_says_when_one_more_fits(store: &impl LimitStore) {
    let charges = Charges::of(fresh());
    for _ in 0..10 {
        charge(store, &charges).await;
    }
    let refused = charge(store, &charges).await.standing;
    let minute = 60_000_000_000;
    assert!(refused.wait > TEN.emission - minute && refused.wait <= TEN.emission, "{refused:?}");
    assert!(refused.full_in > TEN.depth() - minute && refused.full_in <= TEN.depth(), "{refused:?}");
}

/// For as long as they should, at least in the next moment.
pub async fn marks_are_remembered(store: &impl LimitStore) {
    let (key, other) = (fresh().key, fresh().key);
    store.mark(key, TEN.depth()).await.expect("the store answers");
    assert!(store.is_marked(key).await.expect("the store answers"));
    assert!(!store.is_marked(other).await.expect("the store answers"));
}

async fn charge(store: &impl LimitStore, charges: &Charges) -> Outcome {
    store.charge(charges).await.expect("the store answers")
}

/// A bucket that nobody has asked for.
fn fresh() -> Charge {
    let subject = Subject::id(Uuid::from_bytes(random::bytes()));
    Charge { key: LimitKey { class: "conformance", scope: Scope::Identity, subject }, quota: TEN }
}
