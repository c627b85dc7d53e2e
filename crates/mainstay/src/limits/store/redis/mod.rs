//! Buckets in Redis, which all instances share.
//!
//! One script decides for all buckets of a request, by the time of the server, so instances need not agree on theirs.
//! What is known here of a bucket saves asking:
//!
//! | here | the request |
//! |---|---|
//! | a lease has requests left | goes; they were charged beforehand |
//! | Redis has said that the bucket is empty, and it still is | is refused |
//! | else | Redis decides, within its time |
//!
//! A lease is for limits of many requests a second only: see [`lease`]. The buckets as Redis told them last are kept in
//! a [`MemoryStore`], which goes on from there while Redis is out. Redis never sees names or addresses, only keyed hashes
//! of them.

mod lease;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_core::{Chain, Clock, Shutdown, random};
use redis::{RedisResult, Script, ScriptInvocation};

use super::{Charges, LimitStore, MAX_CHARGES, MemoryStore, Mode, Outcome, Receipt, Unavailable};
use crate::keys::{Keys, Mac, Purpose};
use crate::limits::gcra::{Decision, decide};
use crate::limits::key::LimitKey;
use crate::redis::{Link, LinkError};

use lease::{Leases, portion};

/// How often an instance says that it is there, and after what time one that says nothing is gone.
const PRESENT_EVERY: Duration = Duration::from_secs(2);
const GONE_AFTER: Duration = Duration::from_secs(10);

/// What nobody waits for, such as a count of instances.
const UNHURRIED: Duration = Duration::from_secs(1);

/// Keeps buckets in Redis. Clones share them.
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
}

/// What the store is made of.
pub struct RedisParts<'a> {
    /// The connection.
    pub link: Link,
    /// The name of the service: services that share a Redis do not share buckets.
    pub service: &'static str,
    /// What names and addresses are hidden with. All instances must have the same.
    pub keys: &'a Keys,
    /// How long a request waits.
    pub budget: Duration,
    /// How many buckets this process can hold apart while Redis is out.
    pub slots: usize,
    /// The clock.
    pub clock: &'a Clock,
}

struct Shared {
    link: Link,
    mac: Mac,
    prefix: String,
    instance: String,
    budget: Duration,
    local: MemoryStore,
    leases: Leases,
    instances: AtomicU32,
    scripts: Scripts,
}

struct Scripts {
    charge: Script,
    give_back: Script,
    present: Script,
}

/// What the script answered: the number of the bucket that refuses, the server's time, and what it says of each.
struct Reply {
    refusing: usize,
    now: i64,
    rest: Vec<i64>,
}

impl RedisStore {
    /// A store behind this link.
    pub fn new(parts: RedisParts<'_>) -> Self {
        let RedisParts { link, service, keys, budget, slots, clock } = parts;
        let instance: [u8; 8] = random::bytes();
        let scripts = Scripts {
            charge: Script::new(include_str!("charge.lua")),
            give_back: Script::new(include_str!("give_back.lua")),
            present: Script::new(include_str!("present.lua")),
        };
        let shared = Shared {
            link,
            mac: keys.purpose(Purpose::Throttle),
            prefix: format!("{service}:limit:"),
            instance: hex(&instance),
            budget,
            local: MemoryStore::new(slots, clock.clone()),
            leases: Leases::new(),
            instances: AtomicU32::new(1),
            scripts,
        };
        Self { shared: Arc::new(shared) }
    }

    /// What is known of the buckets in this process.
    pub fn local(&self) -> &MemoryStore {
        &self.shared.local
    }

    /// How many instances share the buckets, as far as was last known.
    pub fn instances(&self) -> u32 {
        self.shared.instances.load(Ordering::Relaxed).max(1)
    }

    /// Says that this instance is there and counts the others, until the process stops.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped.
    pub async fn keep_present(&self, shutdown: &Shutdown) {
        while !shutdown.has_begun() {
            if let Ok(count) = self.present().await {
                self.shared.instances.store(count.max(1), Ordering::Relaxed);
            }
            let _ = tokio::time::timeout(PRESENT_EVERY, shutdown.begun()).await;
        }
    }

    async fn present(&self) -> Result<u32, LinkError> {
        let Shared { link, prefix, instance, scripts, .. } = &*self.shared;
        let gone = u64::try_from(GONE_AFTER.as_micros()).unwrap_or(u64::MAX);
        let key = format!("{prefix}instances");
        let mut call = scripts.present.key(key);
        call.arg(instance).arg(gone);
        link.call(UNHURRIED, async |mut connection| call.invoke_async(&mut connection).await).await
    }

    /// The name of a bucket in Redis.
    fn name(&self, key: &LimitKey) -> String {
        let Shared { mac, prefix, .. } = &*self.shared;
        let parts: [&[u8]; 3] = [key.class.as_bytes(), key.scope.as_str().as_bytes(), key.subject.as_bytes()];
        let mac = mac.sign(&parts);
        format!("{prefix}{}", hex(&mac[..16]))
    }

    /// What can be said without asking.
    fn foresee(&self, charges: &Charges) -> Option<Outcome> {
        let Shared { local, leases, .. } = &*self.shared;
        let now = local.now();
        if leases.spend(charges, now) {
            let standings = local.standings(charges, now);
            return Some(Outcome { mode: Mode::Lease, ..standings });
        }
        charges.as_slice().iter().enumerate().find_map(|(at, charge)| {
            match local.peek(&charge.key, charge.quota, now) {
                Decision::Refuse { wait } => Some(Outcome::refused(at, charge.quota, wait, Mode::Remembered)),
                Decision::Go { .. } => None,
            }
        })
    }

    /// Makes of a reply what becomes of the request, and keeps what it says.
    fn understand(&self, charges: &Charges, asked: i64, reply: &Reply) -> Outcome {
        let Shared { local, leases, .. } = &*self.shared;
        // In the time of this process, as it was before Redis was asked: never later than Redis meant it.
        let here =
            |tat: i64| asked.saturating_add(tat.saturating_sub(reply.now).saturating_mul(NANOS_PER_MICRO));
        if let Some(at) = reply.refusing.checked_sub(1) {
            let charge = charges.as_slice().get(at).unwrap_or(&charges.as_slice()[0]);
            let tat = here(reply.rest.first().copied().unwrap_or(0));
            local.set(&charge.key, tat, asked);
            let wait = match decide(tat, charge.quota, asked) {
                Decision::Refuse { wait } => wait,
                Decision::Go { .. } => NANOS_PER_MICRO,
            };
            return Outcome::refused(at, charge.quota, wait, Mode::Shared);
        }
        let mut tats = [0; MAX_CHARGES];
        let mut tats_here = [0; MAX_CHARGES];
        for (at, (charge, pair)) in charges.as_slice().iter().zip(reply.rest.chunks_exact(2)).enumerate() {
            let (tat, taken) = (pair[0], pair[1]);
            (tats[at], tats_here[at]) = (tat, here(tat));
            local.set(&charge.key, here(tat), asked);
            leases.keep(charge, here(tat), taken - 1, asked);
        }
        let outcome = Outcome::admitted(charges, tats_here, asked, Mode::Shared);
        Outcome { tats, ..outcome }
    }
}

const NANOS_PER_MICRO: i64 = 1_000;

impl LimitStore for RedisStore {
    async fn charge(&self, charges: &Charges) -> Result<Outcome, Unavailable> {
        if let Some(outcome) = self.foresee(charges) {
            return Ok(outcome);
        }
        let Shared { link, scripts, budget, local, .. } = &*self.shared;
        let mut call = scripts.charge.prepare_invoke();
        for charge in charges.as_slice() {
            let share = charge.quota.emission / NANOS_PER_MICRO;
            call.key(self.name(&charge.key));
            call.arg(share).arg(charge.quota.limit).arg(portion(charges));
        }
        let asked = local.now();
        let reply = ask(link, *budget, &call).await?;
        Ok(self.understand(charges, asked, &reply))
    }

    async fn give_back(&self, receipt: &Receipt) -> Result<(), Unavailable> {
        // A lease is not worth the way.
        if receipt.mode != Mode::Shared {
            return Ok(());
        }
        let Shared { link, scripts, budget, local, .. } = &*self.shared;
        let mut call = scripts.give_back.prepare_invoke();
        for (charge, tat) in receipt.charges.as_slice().iter().zip(receipt.tats) {
            local.lower(&charge.key, charge.quota);
            call.key(self.name(&charge.key)).arg(charge.quota.emission / NANOS_PER_MICRO).arg(tat);
        }
        told(link.call(*budget, async |mut connection| call.invoke_async::<()>(&mut connection).await).await)
    }

    async fn mark(&self, key: LimitKey, nanos: i64) -> Result<(), Unavailable> {
        let Shared { link, budget, .. } = &*self.shared;
        let mut command = redis::cmd("SET");
        command.arg(self.name(&key)).arg(1).arg("PX").arg((nanos / 1_000_000).max(1));
        told(
            link.call(*budget, async |mut connection| command.query_async::<()>(&mut connection).await).await,
        )
    }

    async fn is_marked(&self, key: LimitKey) -> Result<bool, Unavailable> {
        let Shared { link, budget, .. } = &*self.shared;
        let mut command = redis::cmd("EXISTS");
        command.arg(self.name(&key));
        told(link.call(*budget, async |mut connection| command.query_async(&mut connection).await).await)
    }
}

async fn ask(link: &Link, budget: Duration, call: &ScriptInvocation<'_>) -> Result<Reply, Unavailable> {
    let answered: Result<Vec<i64>, _> = link
        .call(budget, async |mut connection| -> RedisResult<Vec<i64>> {
            call.invoke_async(&mut connection).await
        })
        .await;
    let mut numbers = told(answered)?.into_iter();
    let refusing = numbers.next().and_then(|number| usize::try_from(number).ok());
    let (refusing, now) = refusing.zip(numbers.next()).ok_or(Unavailable)?;
    Ok(Reply { refusing, now, rest: numbers.collect() })
}

/// The link and its breaker tell operators of changes; a line for each call would be too many.
fn told<T>(result: Result<T, LinkError>) -> Result<T, Unavailable> {
    result.map_err(|error| {
        tracing::debug!(error = %Chain(&error), "the store of limits cannot be reached");
        Unavailable
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing into a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("link", &self.shared.link).finish_non_exhaustive()
    }
}
