//! What keeps a failing dependency from taking its callers along.
//!
//! | | |
//! |---|---|
//! | [`Breaker`] | stops calling a dependency that fails, and tries it again with few calls |
//! | [`Bulkhead`] | bounds how many calls are under way, and how long one waits for its place |
//! | [`Backoff`] | how long to wait before the next try |
//!
//! Time is handed in as a [`Clock`](mainstay_core::Clock). Nothing here logs or measures: who owns a breaker is told of each
//! change of state, outside of any lock, and says it in its own words.

mod backoff;
mod breaker;
mod bulkhead;

pub use backoff::Backoff;
pub use breaker::{
    Breaker, BreakerSettings, BreakerSnapshot, BreakerState, Forced, Outcome, Permit, Rejected, Transition,
};
pub use bulkhead::{Bulkhead, Full, Place};
