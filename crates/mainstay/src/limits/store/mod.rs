//! Where buckets are kept.

pub mod conformance;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use super::gcra::Quota;
use super::key::LimitKey;

pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::{RedisParts, RedisStore};

/// The most buckets that one request is charged to.
pub const MAX_CHARGES: usize = 4;

/// Keeps buckets. What every store must do is written down in [`conformance`], and checked there.
///
/// - **All or none.** A request is charged to every bucket that it names, or it is refused and charged to none.
/// - **Never too many.** However many ask at once, and wherever: a bucket never lets more requests go than
///   [`decide`](super::decide) would, asked one by one.
/// - **Memory is bounded**, whatever keys are asked for, and running out of it makes nobody's bucket fuller than it is.
///
/// # Cancel safety
///
/// When a future is dropped, the request is charged completely or not at all, and which of the two is not known.
///
/// # Errors
///
/// All functions fail with [`Unavailable`] when the store cannot be reached in its time.
pub trait LimitStore: Send + Sync + 'static {
    /// Charges a request to its buckets, or to none.
    fn charge(&self, charges: &Charges) -> impl Future<Output = Result<Outcome, Unavailable>> + Send;

    /// Takes a charge back, as far as the buckets have not filled up of themselves since.
    fn give_back(&self, receipt: &Receipt) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Remembers a key for a time. It may be forgotten earlier: a mark must only ever make things easier for its owner.
    fn mark(&self, key: LimitKey, nanos: i64) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Whether a key is remembered.
    fn is_marked(&self, key: LimitKey) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}

/// The store did not answer in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of limits cannot be reached")]
pub struct Unavailable;

/// One bucket that a request is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose bucket.
    pub key: LimitKey,
    /// How large it is.
    pub quota: Quota,
}

/// The buckets of a request: one at least, [`MAX_CHARGES`] at most. Lives on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Charges {
    list: [Charge; MAX_CHARGES],
    count: usize,
}

/// What came of a request.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Whether it goes.
    pub is_admitted: bool,
    /// The bucket that refused it, or the one that has least left.
    pub tightest: usize,
    /// How that bucket stands now.
    pub standing: Standing,
    /// When each bucket will be full again, in the store's own time. For [`LimitStore::give_back`].
    pub tats: [i64; MAX_CHARGES],
    /// Who decided.
    pub mode: Mode,
}

/// How a bucket stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// So many requests still fit.
    pub left: u32,
    /// In how many nanoseconds it is full again.
    pub full_in: i64,
    /// In how many nanoseconds one more request fits; 0 where one does.
    pub wait: i64,
}

/// What was charged, to be taken back.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// The buckets.
    pub charges: Charges,
    /// When each was to be full again, in the store's own time.
    pub tats: [i64; MAX_CHARGES],
    /// Who decided: what one store was charged is not given back to another.
    pub mode: Mode,
}

/// Who decided, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The memory of this process, which is the store.
    Memory,
    /// The shared store.
    Shared,
    /// A lease: requests that were charged to the shared store beforehand.
    Lease,
    /// What the shared store said a moment ago: a refusal that is still true.
    Remembered,
    /// The memory of this process, while the shared store is out.
    Local,
    /// Nobody: the shared store is out, and the limit fails closed.
    Closed,
    /// Nobody: the shared store is out, and the limit fails open.
    Open,
}

impl Charges {
    /// A request with one bucket.
    pub fn of(charge: Charge) -> Self {
        Self { list: [charge; MAX_CHARGES], count: 1 }
    }

    /// With one more. Beyond [`MAX_CHARGES`] the last one is replaced, which the limiter's own tests rule out.
    #[must_use]
    pub fn and(mut self, charge: Charge) -> Self {
        let at = self.count.min(MAX_CHARGES - 1);
        self.list[at] = charge;
        self.count = at + 1;
        self
    }

    /// The buckets.
    pub fn as_slice(&self) -> &[Charge] {
        self.list.get(..self.count).unwrap_or(&self.list)
    }

    /// The same buckets, each of them as large as `change` makes it.
    #[must_use]
    pub fn resized(mut self, change: impl Fn(Quota) -> Quota) -> Self {
        for charge in &mut self.list {
            charge.quota = change(charge.quota);
        }
        self
    }
}

impl Outcome {
    /// A request that goes, by its buckets' TATs.
    pub(crate) fn admitted(charges: &Charges, tats: [i64; MAX_CHARGES], now: i64, mode: Mode) -> Self {
        let standings = charges.as_slice().iter().zip(tats).map(|(charge, tat)| {
            let (left, full_in) = charge.quota.left(tat, now);
            Standing { left, full_in, wait: 0 }
        });
        let tightest = standings.enumerate().min_by_key(|(_, standing)| standing.left);
        let (tightest, standing) = tightest.unwrap_or_default();
        Self { is_admitted: true, tightest, standing, tats, mode }
    }

    /// A request that a bucket refuses.
    pub(crate) fn refused(tightest: usize, quota: Quota, wait: i64, mode: Mode) -> Self {
        // It is as good as empty: it is full when all but the next share of it has been filled in.
        let full_in = quota.depth().saturating_sub(quota.emission).saturating_add(wait);
        let standing = Standing { left: 0, full_in, wait };
        Self { is_admitted: false, tightest, standing, tats: [0; MAX_CHARGES], mode }
    }

    /// What can be taken back.
    pub fn receipt(&self, charges: Charges) -> Receipt {
        Receipt { charges, tats: self.tats, mode: self.mode }
    }
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 7] =
        [Self::Memory, Self::Shared, Self::Lease, Self::Remembered, Self::Local, Self::Closed, Self::Open];

    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Shared => "redis",
            Self::Lease => "lease",
            Self::Remembered => "remembered",
            Self::Local => "local",
            Self::Closed => "closed",
            Self::Open => "open",
        }
    }
}
