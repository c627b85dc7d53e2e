//! Slowing down those who guess passwords.
//!
//! Each attempt to sign in is charged to the name that is tried, before its password is looked at. The rate is that of
//! the class [`Class::AUTH`], and [`HOURLY`] times as many in an hour, so that patience does not pay either.
//!
//! | the name, at this network | the attempt is charged to |
//! |---|---|
//! | has signed in | the name at this network |
//! | never did | the name, together with all other networks where it never did |
//!
//! | the bucket | the attempt |
//! |---|---|
//! | has room | goes |
//! | is empty | is refused, with the time until another one goes |
//! | is in a store that does not answer | is refused: nobody guesses uncounted |
//!
//! So a name can be guessed at as often as the rate says, from however many addresses; and while somebody does that, its
//! owner still signs in wherever they did before. From elsewhere they wait with the stranger, as long as that one goes on.
//! A network is one IPv4 address or one /64 of IPv6. How much one address may try, whatever the names, is the business of
//! the pipeline, before the body is read.
//!
//! An attempt counts as failed from its beginning, so a thousand at once are a thousand; a success takes it back. Names
//! are compared as they are stored: capitals and look-alikes make no other name. The store sees keyed hashes only.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use crate::keys::{Keys, Mac, Purpose};
use crate::limits::{Charge, Charges, LimitKey, Limited, Limiter, Quota, Receipt, Scope, Subject};
use crate::{Class, Rate};

/// In an hour a name may be tried so many times as often as at once.
const HOURLY: u32 = 10;

/// So long a network is remembered where a name has signed in.
const KNOWN_FOR: Duration = Duration::from_hours(24 * 30);

/// Counts attempts to sign in.
pub(crate) struct Throttle {
    mac: Mac,
    limiter: Limiter,
}

/// An attempt that goes.
#[derive(Debug)]
#[must_use = "whether it succeeded has to be told"]
pub(crate) struct Attempt {
    known: LimitKey,
    receipt: Option<Receipt>,
}

impl Throttle {
    pub(crate) fn new(keys: &Keys, limiter: Limiter) -> Self {
        Self { mac: keys.purpose(Purpose::Throttle), limiter }
    }

    /// Judges an attempt, and counts it as failed if it goes.
    ///
    /// # Cancel safety
    ///
    /// Dropped half way, the attempt may count as failed.
    pub(crate) async fn attempt(&self, name: &str, client: IpAddr) -> Result<Attempt, Limited> {
        let class = self.limiter.auth();
        let network = Subject::network(client);
        let subject = |parts: &[&[u8]]| Subject::hash(&self.mac.sign(parts));
        let place = subject(&[b"place", name.as_bytes(), network.as_bytes()]);
        let known = LimitKey { class: class.name, scope: Scope::Known, subject: place };
        let charges = if self.limiter.is_marked(known).await {
            buckets(&class, [Scope::Place, Scope::PlaceHour], place)
        } else {
            buckets(&class, [Scope::Account, Scope::AccountHour], subject(&[b"name", name.as_bytes()]))
        };
        let receipt = self.limiter.charge(&class, charges).await?;
        Ok(Attempt { known, receipt })
    }

    /// Takes back an attempt that succeeded, and remembers where.
    pub(crate) async fn succeeded(&self, attempt: Attempt) {
        self.limiter.mark(attempt.known, KNOWN_FOR).await;
        self.abandoned(attempt).await;
    }

    /// Takes back an attempt whose password was never looked at.
    pub(crate) async fn abandoned(&self, attempt: Attempt) {
        if let Some(receipt) = &attempt.receipt {
            self.limiter.give_back(receipt).await;
        }
    }
}

/// The two buckets of whoever is tried: at once, and in an hour.
fn buckets(class: &Class, [scope, hourly]: [Scope; 2], subject: Subject) -> Charges {
    let charge =
        |scope, rate| Charge { key: LimitKey { class: class.name, scope, subject }, quota: Quota::of(rate) };
    let in_an_hour = Rate::per_hour(class.rate.requests.saturating_mul(HOURLY));
    Charges::of(charge(scope, class.rate)).and(charge(hourly, in_an_hour))
}
