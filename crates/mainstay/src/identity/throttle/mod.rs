//! Slowing down those who guess passwords.
//!
//! Failed sign-ins are tallied three times: for the name at a network (the *pair*), for the network whatever the
//! name, and for the name wherever from. A network is one IPv4 address or one /64 of IPv6.
//!
//! | the pair | the network | the name elsewhere | the attempt |
//! |---|---|---|---|
//! | has to wait | – | – | is refused, with the time that is left |
//! | is known | – | – | goes |
//! | is new | has to wait | – | is refused, with the time that is left |
//! | is new | is free | was failed often | goes, after a delay of at most four seconds |
//! | is new | is free | is quiet | goes |
//!
//! A pair is known once a sign-in has succeeded there. A stranger can make others wait at their own network only: the
//! tally of a name by itself never refuses, and those who are known do not even feel it. Waits double from failure to
//! failure up to a cap, and failures are forgiven one by one.
//!
//! An attempt counts as failed from its beginning, so a thousand at once are a thousand; a success takes it back.
//! Refused attempts count for nothing. The tallies are in memory, in a table of fixed size that keeps no names and
//! addresses but keyed hashes of them, and gives up the slightest tally first when it is full.

mod table;
mod tally;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::keys::{Keys, Mac, Purpose};
use table::{Key, Table};
use tally::{Rule, Tally};

/// A name at a network.
const PAIR: Rule = Rule {
    free: 3,
    first: Duration::from_secs(1),
    longest: Duration::from_mins(15),
    forgives: Duration::from_mins(15),
};

/// A name at a network where it has signed in before: a neighbour at the same address must not keep it out for long.
const KNOWN_PAIR: Rule = Rule { longest: Duration::from_secs(30), ..PAIR };

/// A network, whatever the name.
const NETWORK: Rule = Rule {
    free: 20,
    first: Duration::from_secs(1),
    longest: Duration::from_mins(1),
    forgives: Duration::from_mins(1),
};

/// A name, wherever from.
const NAME: Rule = Rule {
    free: 10,
    first: Duration::from_millis(250),
    longest: Duration::from_secs(4),
    forgives: Duration::from_mins(1),
};

/// What becomes of an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes, after a delay that may be none.
    Go {
        /// How long to wait before the password is looked at.
        after: Duration,
    },
    /// It is refused.
    Refuse {
        /// How long until another one goes.
        retry_after: Duration,
    },
}

/// The tallies that an attempt is judged by.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    pair: Option<Tally>,
    network: Option<Tally>,
    name: Option<Tally>,
}

/// The keys of those tallies.
struct Place {
    pair: Key,
    network: Key,
    name: Key,
}

/// Tallies failed sign-ins.
pub(crate) struct Throttle {
    mac: Mac,
    table: Mutex<Table>,
}

/// Judges an attempt by the table above.
fn judge(standing: &Standing, now: Instant) -> Verdict {
    let wait =
        |tally: Option<Tally>, rule: &Rule| tally.map_or(Duration::ZERO, |tally| tally.wait(rule, now));
    let is_known = standing.pair.is_some_and(|tally| tally.is_known);
    let of_pair = wait(standing.pair, if is_known { &KNOWN_PAIR } else { &PAIR });
    let of_network = if is_known { Duration::ZERO } else { wait(standing.network, &NETWORK) };
    let retry_after = of_pair.max(of_network);
    if retry_after > Duration::ZERO {
        return Verdict::Refuse { retry_after };
    }
    Verdict::Go { after: if is_known { Duration::ZERO } else { wait(standing.name, &NAME) } }
}

impl Throttle {
    pub(crate) fn new(keys: &Keys) -> Self {
        Self { mac: keys.purpose(Purpose::Throttle), table: Mutex::new(Table::new()) }
    }

    /// Judges an attempt, and counts it as failed if it goes.
    pub(crate) fn attempt(&self, name: &str, client: IpAddr, now: Instant) -> Verdict {
        let place = self.place(name, client);
        let mut table = self.table();
        let standing = Standing {
            pair: table.get(&place.pair),
            network: table.get(&place.network),
            name: table.get(&place.name),
        };
        let verdict = judge(&standing, now);
        if let Verdict::Go { .. } = verdict {
            for (key, tally, rule) in [
                (place.pair, standing.pair, &PAIR),
                (place.network, standing.network, &NETWORK),
                (place.name, standing.name, &NAME),
            ] {
                table.put(key, tally.unwrap_or_else(|| Tally::new(now)).failed(rule, now));
            }
        }
        verdict
    }

    /// Takes back the failure of an attempt that succeeded, and knows the pair from now on.
    pub(crate) fn succeeded(&self, name: &str, client: IpAddr, now: Instant) {
        let place = self.place(name, client);
        let mut table = self.table();
        table.put(place.pair, Tally::known(now));
        for key in [place.network, place.name] {
            if let Some(tally) = table.get(&key) {
                table.put(key, tally.taken_back());
            }
        }
    }

    /// Takes back the failure of an attempt whose password was never looked at.
    pub(crate) fn abandoned(&self, name: &str, client: IpAddr) {
        let Place { pair, network, name } = self.place(name, client);
        let mut table = self.table();
        for key in [pair, network, name] {
            if let Some(tally) = table.get(&key) {
                table.put(key, tally.taken_back());
            }
        }
    }

    fn place(&self, name: &str, client: IpAddr) -> Place {
        let network = network_of(client);
        let key = |parts: &[&[u8]]| Key::of(self.mac.sign(parts));
        Place {
            pair: key(&[b"pair", name.as_bytes(), &network]),
            network: key(&[b"network", &network]),
            name: key(&[b"name", name.as_bytes()]),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Tallies are plain values that are replaced whole: a panic elsewhere cannot leave one half written.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One IPv4 address, or one /64 of IPv6: what one customer of a provider has at least.
fn network_of(client: IpAddr) -> [u8; 8] {
    let mut network = [0; 8];
    match client.to_canonical() {
        IpAddr::V4(address) => network[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => network.copy_from_slice(&address.octets()[..8]),
    }
    network
}
