//! Who is slowed down, and who is not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mainstay_core::{Clock, ManualClock, Secret};

use super::Throttle;
use crate::keys::Keys;
use crate::limits::{LimitSettings, Limited, Limiter};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

struct Fixture {
    throttle: Throttle,
    hands: ManualClock,
}

impl Fixture {
    fn new() -> Self {
        let (clock, hands) = Clock::manual();
        hands.advance(Duration::from_secs(1));
        let limiter = Limiter::in_memory(&LimitSettings::default(), &clock);
        Self {
            throttle: Throttle::new(&Keys::new(&Secret::new("a secret of this test"), &[]), limiter),
            hands,
        }
    }

    /// Fails to sign in; says how long to wait where that is refused.
    async fn fails(&self, name: &str, client: IpAddr) -> Result<(), Duration> {
        match self.throttle.attempt(name, client).await {
            Ok(_) => Ok(()),
            Err(Limited::Reached { retry_after }) => Err(retry_after),
            Err(error) => panic!("{error}"),
        }
    }

    /// How many of so many attempts go.
    async fn goes(&self, times: usize, name: &str, client: IpAddr) -> usize {
        let mut gone = 0;
        for _ in 0..times {
            gone += usize::from(self.fails(name, client).await.is_ok());
        }
        gone
    }

    async fn signs_in(&self, name: &str, client: IpAddr) {
        let attempt = self.throttle.attempt(name, client).await.unwrap();
        self.throttle.succeeded(attempt).await;
    }
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))
}

#[tokio::test]
async fn a_name_has_its_rate_from_however_many_addresses() {
    let fixture = Fixture::new();
    let mut gone = 0;
    for stranger in 0..1_000 {
        gone += fixture.goes(1, "alice", address(stranger)).await;
    }
    assert_eq!(gone, 5);
    let wait = fixture.fails("alice", HOME).await.unwrap_err();
    assert!(wait >= Duration::from_secs(12) && wait <= Duration::from_secs(15), "{wait:?}");
    fixture.hands.advance(Duration::from_secs(12));
    assert_eq!(fixture.goes(5, "alice", HOME).await, 1);
    assert_eq!(fixture.goes(10, "bob", HOME).await, 5, "another name is another bucket");
}

#[tokio::test]
async fn patience_does_not_pay() {
    let fixture = Fixture::new();
    let mut gone = 0;
    for _ in 0..3_600 {
        gone += fixture.goes(1, "alice", HOME).await;
        fixture.hands.advance(Duration::from_secs(1));
    }
    assert!((95..=100).contains(&gone), "fifty at once and fifty in an hour, not 300: {gone}");
}

#[tokio::test]
async fn who_is_known_somewhere_is_not_kept_out_there() {
    let fixture = Fixture::new();
    fixture.signs_in("alice", HOME).await;
    for stranger in 0..1_000 {
        fixture.goes(1, "alice", address(stranger)).await;
    }
    fixture.signs_in("alice", HOME).await;
    let abroad = "2001:db8::1".parse().unwrap();
    assert!(fixture.fails("alice", abroad).await.is_err(), "elsewhere she waits with the strangers");
    // Where she is known, her password is not guessed more often either.
    assert_eq!(fixture.goes(100, "alice", HOME).await, 5);
    fixture.hands.advance(Duration::from_hours(24 * 31));
    assert_eq!(fixture.goes(100, "alice", address(1)).await, 5);
    assert_eq!(fixture.goes(1, "alice", HOME).await, 0, "a place is forgotten in time");
}

#[tokio::test]
async fn a_success_takes_its_attempt_back() {
    let fixture = Fixture::new();
    for _ in 0..100 {
        fixture.signs_in("alice", HOME).await;
    }
    assert_eq!(fixture.goes(10, "alice", HOME).await, 5);
}

#[tokio::test]
async fn what_was_never_looked_at_is_no_failure() {
    let fixture = Fixture::new();
    for _ in 0..100 {
        let attempt = fixture.throttle.attempt("alice", HOME).await.unwrap();
        fixture.throttle.abandoned(attempt).await;
    }
    assert_eq!(fixture.goes(10, "alice", HOME).await, 5);
}

#[tokio::test]
async fn a_thousand_at_once_are_a_thousand() {
    let fixture = Fixture::new();
    let attempts = (0..1_000).map(|_| fixture.fails("alice", HOME));
    let gone = futures_util::future::join_all(attempts).await.into_iter().flatten().count();
    assert_eq!(gone, 5);
}

#[tokio::test]
async fn a_flood_of_names_does_not_wash_an_offender_clean() {
    let fixture = Fixture::new();
    assert_eq!(fixture.goes(10, "alice", HOME).await, 5);
    for stranger in 0..50_000 {
        fixture.goes(1, &format!("user{stranger}"), address(stranger)).await;
    }
    assert!(fixture.fails("alice", HOME).await.is_err());
}
