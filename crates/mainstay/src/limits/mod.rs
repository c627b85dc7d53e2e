//! How often: limits that are exact, bounded in memory, and kept here or for all instances.
//!
//! Every route belongs to a [`Class`], which has a [`Rate`]. Two controls of the pipeline charge a request to the
//! buckets of whoever makes it: by address before its body is read and its session looked for, by identity when it is
//! known. Signing in has a third one, by the name that is tried.
//!
//! | who | may do | charged |
//! |---|---|---|
//! | an identity: a user with all sessions and tokens, or a token of nobody's | the rate | after authorisation |
//! | an address, where nobody has to be known or no credentials are brought | the rate | before the body |
//! | an address that brings credentials | [`ADDRESS_SHARE`] times the rate | before the body |
//! | a /48 of IPv6 | [`SITE_SHARE`] times as much as its addresses | with the address |
//! | a name that somebody tries to sign in with | the rate; ten times it in an hour | before the password is looked at |
//!
//! The decision is one pure function, [`decide`]. The buckets are in a [`MemoryStore`], a table of fixed size, or in
//! Redis, where all instances share them; what happens while that is out is said for each class ([`OnFailure`]).
//!
//! ```
//! use mainstay::limits::{Decision, Quota, decide};
//! use mainstay::Rate;
//!
//! let quota = Quota::of(Rate::per_second(2));
//! let Decision::Go { tat } = decide(i64::MIN, quota, 0) else { panic!("the bucket is full") };
//! let Decision::Go { tat } = decide(tat, quota, 0) else { panic!("it holds two") };
//! assert_eq!(decide(tat, quota, 0), Decision::Refuse { wait: 500_000_000 });
//! ```

mod class;
mod config;
mod gcra;
mod headers;
mod instances;
mod key;
mod limiter;
mod rate;
mod row;
mod store;

pub use class::{ADDRESS_SHARE, Class, OnFailure, SITE_SHARE};
pub(crate) use config::{EXPLANATIONS, judge_proxies};
pub use config::{LimitSettings, StoreKind};
pub use gcra::{Decision, Quota, decide};
pub(crate) use headers::Shown;
pub use instances::Instances;
pub use key::{LimitKey, Scope, Subject};
pub(crate) use limiter::Met;
pub use limiter::{Limited, Limiter, LimiterParts};
pub use rate::Rate;
pub use row::RowLimits;
pub use store::{
    Charge, Charges, LimitStore, MAX_CHARGES, MemoryStore, Mode, Outcome, Receipt, Standing, Unavailable,
    conformance,
};
#[cfg(feature = "redis")]
pub use store::{RedisParts, RedisStore};
