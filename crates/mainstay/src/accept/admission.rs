//! Who may be connected, and who gives way.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::ConnectionSettings;

/// The connections of a process. Clones share them; several listeners may.
///
/// A full house does not simply turn newcomers away, or a few slow peers could keep everybody out. A
/// newcomer takes the place of a connection that has no request on it:
///
/// | full | who gives way |
/// |---|---|
/// | the newcomer's address | the oldest connection of that address which never sent a whole request; else its oldest idle one; else the newcomer |
/// | all places | the same, among all connections |
///
/// A connection with a request in hand never gives way.
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
}

/// The connections of a process at one moment, and what happened to them since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionSnapshot {
    /// Open now.
    pub open: usize,
    /// Accepted since the start, without those that were turned away.
    pub accepted: u64,
    /// Turned away because all places were taken by connections with requests in hand.
    pub refused_full: u64,
    /// Turned away because all places of their address were.
    pub refused_address: u64,
    /// Closed to make room for a newcomer.
    pub evicted: u64,
    /// Closed because no request came in time, or only a part of one.
    pub timed_out: u64,
    /// Heads that were refused before they became a request.
    pub malformed: u64,
    /// Failures of accepting itself, such as a lack of file descriptors.
    pub accept_errors: u64,
}

/// What can happen to a connection that has its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    TimedOut,
    Malformed,
}

/// Why a newcomer is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    House,
    Address,
}

/// The place of one connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    place: Arc<Place>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    most: usize,
    most_per_address: usize,
    house: Mutex<House>,
    accepted: AtomicU64,
    refused_full: AtomicU64,
    refused_address: AtomicU64,
    evicted: AtomicU64,
    timed_out: AtomicU64,
    malformed: AtomicU64,
    accept_errors: AtomicU64,
}

/// Both maps are ordered by the number of the place, and so by age.
#[derive(Debug, Default)]
struct House {
    next: u64,
    places: BTreeMap<u64, Arc<Place>>,
    by_address: HashMap<Address, BTreeMap<u64, Arc<Place>>>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    address: Address,
    /// Requests in hand, or [`EVICTED`]. One word, so that a request cannot begin on a connection that
    /// gives way at the same moment.
    requests: AtomicU32,
    served: AtomicBool,
    evicted: Notify,
}

const EVICTED: u32 = u32::MAX;

/// What counts as one address: an IPv4 address, or the /64 that a single IPv6 user usually holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Address(IpAddr);

impl Address {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                Self(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into())
            }
        }
    }
}

impl Connections {
    /// An empty house with as many places as the settings say.
    pub fn new(settings: &ConnectionSettings) -> Self {
        let shared = Shared {
            most: settings.max_connections,
            most_per_address: settings.max_connections_per_address,
            house: Mutex::default(),
            accepted: AtomicU64::new(0),
            refused_full: AtomicU64::new(0),
            refused_address: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The figures of this moment.
    pub fn snapshot(&self) -> ConnectionSnapshot {
        let shared = &*self.shared;
        ConnectionSnapshot {
            open: shared.house().places.len(),
            accepted: shared.accepted.load(Ordering::Relaxed),
            refused_full: shared.refused_full.load(Ordering::Relaxed),
            refused_address: shared.refused_address.load(Ordering::Relaxed),
            evicted: shared.evicted.load(Ordering::Relaxed),
            timed_out: shared.timed_out.load(Ordering::Relaxed),
            malformed: shared.malformed.load(Ordering::Relaxed),
            accept_errors: shared.accept_errors.load(Ordering::Relaxed),
        }
    }

    /// Gives a newcomer a place, if need be that of a connection without a request.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Seat, Full> {
        let shared = &*self.shared;
        let address = Address::of(address);
        let mut house = shared.house();
        let neighbours = house.by_address.get(&address).map_or(0, BTreeMap::len);
        if neighbours >= shared.most_per_address && !shared.make_room(&mut house, Some(address)) {
            shared.refused_address.fetch_add(1, Ordering::Relaxed);
            return Err(Full::Address);
        }
        if house.places.len() >= shared.most && !shared.make_room(&mut house, None) {
            shared.refused_full.fetch_add(1, Ordering::Relaxed);
            return Err(Full::House);
        }
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(Seat { place: house.enter(address), shared: Arc::clone(&self.shared) })
    }

    /// Closes a connection without a request, for when the process itself runs out of something.
    pub(super) fn evict_one(&self) -> bool {
        let mut house = self.shared.house();
        self.shared.make_room(&mut house, None)
    }

    /// Counts a failure of accepting, and tells how many there have been.
    pub(super) fn count_accept_error(&self) -> u64 {
        self.shared.accept_errors.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Shared {
    fn house(&self) -> MutexGuard<'_, House> {
        // Each change enters or removes one place in both maps and cannot panic half way.
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_room(&self, house: &mut House, among: Option<Address>) -> bool {
        let found = house.evict(among);
        if found {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    fn count(&self, event: Event) {
        let counter = match event {
            Event::TimedOut => &self.timed_out,
            Event::Malformed => &self.malformed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl House {
    fn enter(&mut self, address: Address) -> Arc<Place> {
        self.next += 1;
        let place = Arc::new(Place {
            number: self.next,
            address,
            requests: AtomicU32::new(0),
            served: AtomicBool::new(false),
            evicted: Notify::new(),
        });
        self.places.insert(place.number, Arc::clone(&place));
        self.by_address.entry(address).or_default().insert(place.number, Arc::clone(&place));
        place
    }

    fn leave(&mut self, place: &Place) {
        self.places.remove(&place.number);
        if let Some(neighbours) = self.by_address.get_mut(&place.address) {
            neighbours.remove(&place.number);
            if neighbours.is_empty() {
                self.by_address.remove(&place.address);
            }
        }
    }

    /// Walks the places in the order of their age. Only a full house pays for the walk.
    fn evict(&mut self, among: Option<Address>) -> bool {
        let candidates = match among {
            Some(address) => self.by_address.get(&address),
            None => Some(&self.places),
        };
        let Some(candidates) = candidates else { return false };
        let stranger = |place: &&Arc<Place>| !place.served.load(Ordering::Relaxed) && place.give_way();
        let found = candidates.values().find(stranger);
        let found = found.or_else(|| candidates.values().find(|place| place.give_way())).cloned();
        // It leaves the maps at once; its socket follows as soon as its task runs.
        found.is_some_and(|place| {
            self.leave(&place);
            true
        })
    }
}

impl Place {
    fn give_way(&self) -> bool {
        let given = self.requests.compare_exchange(0, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if given {
            self.evicted.notify_one();
        }
        given
    }
}

impl Seat {
    /// Notes that a request is in hand. False when the connection has just given way to another one: the
    /// request must then not be touched.
    pub(super) fn begin_request(&self) -> bool {
        let more = |requests: u32| (requests != EVICTED).then(|| requests.saturating_add(1));
        let begun = self.place.requests.try_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok();
        if begun {
            self.place.served.store(true, Ordering::Relaxed);
        }
        begun
    }

    /// Notes that a request has left our hands.
    pub(super) fn end_request(&self) {
        let less = |requests: u32| (requests != EVICTED).then(|| requests.saturating_sub(1));
        let _ = self.place.requests.try_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// Waits until this connection has to give way. For one waiter.
    pub(super) async fn evicted(&self) {
        self.place.evicted.notified().await;
    }

    pub(super) fn count(&self, event: Event) {
        self.shared.count(event);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.house().leave(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv6_network_and_a_mapped_address_count_as_one() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn a_request_does_not_begin_on_a_connection_that_gave_way() {
        let settings = ConnectionSettings { max_connections: 1, ..ConnectionSettings::default() };
        let connections = Connections::new(&settings);
        let first = connections.admit("192.0.2.1".parse().unwrap()).unwrap();
        let second = connections.admit("192.0.2.2".parse().unwrap()).unwrap();
        assert!(!first.begin_request());
        // Nor does it come back to life when a count goes down.
        first.end_request();
        assert!(!first.begin_request());

        assert!(second.begin_request());
        let refused = connections.admit("192.0.2.3".parse().unwrap()).unwrap_err();
        assert_eq!(refused, Full::House);
        second.end_request();
        drop(first);
        assert_eq!(connections.snapshot().open, 1);
        assert!(connections.admit("192.0.2.3".parse().unwrap()).is_ok());
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let connections = Connections::new(&ConnectionSettings::default());
        let seats: Vec<_> =
            (0..100).map(|host| connections.admit(IpAddr::from([192, 0, 2, host])).unwrap()).collect();
        assert_eq!(connections.snapshot().open, 100);
        drop(seats);
        let house = connections.shared.house();
        assert!(house.places.is_empty() && house.by_address.is_empty());
    }
}
