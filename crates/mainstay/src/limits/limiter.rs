//! The limits of a process: the store that the settings name, and what happens while it is out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use mainstay_core::{Clock, random};

use super::class::Class;
#[cfg(feature = "redis")]
use super::class::OnFailure;
use super::config::LimitSettings;
use super::headers::Shown;
use super::instances::Instances;
use super::key::Subject;
use super::row::RowLimits;
#[cfg(feature = "redis")]
use super::store::RedisStore;
use super::store::{Charges, LimitStore, MemoryStore, Mode, Outcome, Receipt, Unavailable};
use crate::telemetry::metrics::{ClassMeter, LimitMeter};
use crate::{ErrorCode, Refusal};

/// The most that jitter adds to a wait: clients that were refused together do not come back together.
const JITTER: f64 = 0.25;

/// When to come back while a store is out.
const COME_BACK: Duration = Duration::from_secs(1);
const COME_BACK_JITTER_MILLIS: u64 = 1_000;

/// Limits how often. Clones share the buckets.
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    meters: Vec<(&'static str, ClassMeter)>,
    auth: Class,
}

enum Backend {
    /// `RATE_LIMIT_ENABLED=no`.
    Off,
    Memory(MemoryStore, Instances),
    #[cfg(feature = "redis")]
    Redis(RedisStore),
}

/// What a limiter is made of.
pub struct LimiterParts<'a> {
    /// How often who may do what.
    pub settings: &'a LimitSettings,
    /// Counts the decisions.
    pub meter: &'a LimitMeter,
    /// The clock.
    pub clock: &'a Clock,
    /// How many instances there are, for limits in memory.
    pub instances: Instances,
    /// The shared store, where the settings want one.
    #[cfg(feature = "redis")]
    pub redis: Option<RedisStore>,
}

/// A request that does not go.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Limited {
    /// It is one too many.
    #[error("the limit is reached")]
    Reached {
        /// When another one goes, with some jitter.
        retry_after: Duration,
    },
    /// It could not be counted, and the limit fails closed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        match limited {
            Limited::Reached { retry_after } => Self::new(ErrorCode::RateLimited).retry_after(retry_after),
            Limited::Unavailable(error) => Self::new(ErrorCode::StoreUnavailable)
                .retry_after(COME_BACK + Duration::from_millis(random::below(COME_BACK_JITTER_MILLIS)))
                .because(error),
        }
    }
}

impl Limiter {
    /// A limiter with the store that the settings name. What is shared is only shared if `parts` bring a store.
    pub fn new(parts: LimiterParts<'_>) -> Self {
        let LimiterParts { settings, meter, clock, instances, .. } = parts;
        let memory = || Backend::Memory(MemoryStore::new(settings.table_slots, clock.clone()), instances);
        let backend = if settings.enabled {
            #[cfg(feature = "redis")]
            let backend = parts.redis.map_or_else(memory, Backend::Redis);
            #[cfg(not(feature = "redis"))]
            let backend = memory();
            backend
        } else {
            Backend::Off
        };
        let meters = settings.classes().iter().map(|class| (class.name, meter.class(class.name))).collect();
        Self { inner: Arc::new(Inner { backend, meters, auth: settings.class(Class::AUTH) }) }
    }

    /// A limiter of its own, in the memory of this process and counted by nobody: for tests and tools.
    pub fn in_memory(settings: &LimitSettings, clock: &Clock) -> Self {
        Self::new(LimiterParts {
            settings,
            meter: crate::telemetry::metrics::Metrics::new().limits(),
            clock,
            instances: Instances::default(),
            #[cfg(feature = "redis")]
            redis: None,
        })
    }

    /// Where the buckets are, in words for people.
    pub fn describe(&self) -> String {
        match &self.inner.backend {
            Backend::Off => "off".to_owned(),
            Backend::Memory(store, _) => format!("in memory, {} KiB", store.bytes() / 1024),
            #[cfg(feature = "redis")]
            Backend::Redis(store) => {
                format!("in Redis, {} KiB here while it is out", store.local().bytes() / 1024)
            }
        }
    }

    /// The class of sign-ins, with the rate that the settings give it.
    pub(crate) fn auth(&self) -> Class {
        self.inner.auth
    }

    /// Charges a request to the buckets of its address.
    pub(crate) async fn by_address(&self, limits: &RowLimits, client: IpAddr, headers: &HeaderMap) -> Met {
        self.meet(limits, limits.by_address(client, headers)).await
    }

    /// Charges a request to the bucket of its identity.
    pub(crate) async fn by_identity(&self, limits: &RowLimits, subject: Subject) -> Met {
        self.meet(limits, limits.by_identity(subject)).await
    }

    /// Takes back what was charged for an attempt to use credentials that was not refused.
    pub(crate) async fn settle(&self, limits: &RowLimits, met: &[Option<Receipt>], status: StatusCode) {
        let has_failed = status.is_client_error();
        if limits.class.for_credentials && !has_failed {
            for receipt in met.iter().flatten() {
                self.give_back(receipt).await;
            }
        }
    }

    /// Charges a request to buckets of a class.
    ///
    /// # Errors
    ///
    /// See [`Limited`].
    ///
    /// # Cancel safety
    ///
    /// As that of [`LimitStore`].
    pub async fn charge(&self, class: &Class, mut charges: Charges) -> Result<Option<Receipt>, Limited> {
        match self.decide(class, &mut charges).await {
            Ok(Some(outcome)) if outcome.is_admitted => Ok(Some(outcome.receipt(charges))),
            Ok(Some(outcome)) => Err(Limited::Reached { retry_after: jittered(outcome.standing.wait) }),
            Ok(None) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a charge back. While the store is out, it stays.
    pub async fn give_back(&self, receipt: &Receipt) {
        match &self.inner.backend {
            Backend::Off => {}
            Backend::Memory(store, _) => {
                let _ = store.give_back(receipt).await;
            }
            #[cfg(feature = "redis")]
            Backend::Redis(store) if receipt.mode == Mode::Local => store.local().give_back_now(receipt),
            #[cfg(feature = "redis")]
            Backend::Redis(store) => {
                let _ = store.give_back(receipt).await;
            }
        }
    }

    /// Remembers a key for a time, if the store is there and has room.
    pub async fn mark(&self, key: super::LimitKey, time: Duration) {
        let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let _ = match &self.inner.backend {
            Backend::Off => Ok(()),
            Backend::Memory(store, _) => store.mark(key, nanos).await,
            #[cfg(feature = "redis")]
            Backend::Redis(store) => store.mark(key, nanos).await,
        };
    }

    /// Whether a key is remembered. Nothing is while the store is out.
    pub async fn is_marked(&self, key: super::LimitKey) -> bool {
        let found = match &self.inner.backend {
            Backend::Off => Ok(false),
            Backend::Memory(store, _) => store.is_marked(key).await,
            #[cfg(feature = "redis")]
            Backend::Redis(store) => store.is_marked(key).await,
        };
        found.unwrap_or(false)
    }

    async fn meet(&self, limits: &RowLimits, mut charges: Charges) -> Met {
        let outcome = match self.decide(&limits.class, &mut charges).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return Met { shown: None, result: Ok(None) },
            Err(error) => return Met { shown: None, result: Err(Limited::Unavailable(error).into()) },
        };
        let scope = charges.as_slice().get(outcome.tightest).map(|charge| charge.key.scope);
        let shown = scope.map(|scope| Shown::new(limits.limit(scope), outcome.standing));
        let result = if outcome.is_admitted {
            Ok(Some(outcome.receipt(charges)))
        } else {
            let retry_after = jittered(outcome.standing.wait);
            Err(Limited::Reached { retry_after }.into())
        };
        Met { shown, result }
    }

    /// The decision, counted. None where nothing limits. The charges are what was charged: where instances count each
    /// for itself, the part of this one.
    async fn decide(&self, class: &Class, charges: &mut Charges) -> Result<Option<Outcome>, Unavailable> {
        let (outcome, mode) = match &self.inner.backend {
            Backend::Off => return Ok(None),
            Backend::Memory(store, instances) => {
                if let 2.. = instances.count() {
                    *charges = charges.resized(|quota| quota.part_of(instances.count()));
                }
                (Some(store.charge(charges).await?), Mode::Memory)
            }
            #[cfg(feature = "redis")]
            Backend::Redis(store) => match store.charge(charges).await {
                Ok(outcome) => (Some(outcome), outcome.mode),
                Err(Unavailable) => match class.on_failure {
                    OnFailure::Closed => {
                        self.count(class, false, Mode::Closed);
                        return Err(Unavailable);
                    }
                    OnFailure::Local => {
                        *charges = charges.resized(|quota| quota.part_of(store.instances()));
                        (Some(store.local().charge_now(charges, Mode::Local)), Mode::Local)
                    }
                    OnFailure::Open => (None, Mode::Open),
                },
            },
        };
        self.count(class, outcome.is_none_or(|outcome| outcome.is_admitted), mode);
        Ok(outcome)
    }

    fn count(&self, class: &Class, is_admitted: bool, mode: Mode) {
        let meter = self.inner.meters.iter().find(|(name, _)| *name == class.name);
        if let Some((_, meter)) = meter {
            meter.count(is_admitted, mode);
        }
    }
}

/// What a request met: what its answer tells of it, and whether it goes.
pub(crate) struct Met {
    pub(crate) shown: Option<Shown>,
    pub(crate) result: Result<Option<Receipt>, Refusal>,
}

/// A wait with up to a quarter more.
fn jittered(nanos: i64) -> Duration {
    const STEPS: u32 = 1_000;
    let wait = Duration::from_nanos(nanos.max(0).unsigned_abs());
    let step = u32::try_from(random::below(u64::from(STEPS))).unwrap_or(0);
    wait.mul_f64(1.0 + JITTER * f64::from(step) / f64::from(STEPS))
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Limiter").field(&self.describe()).finish()
    }
}
