//! Who waits, and for how long.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mainstay_core::{Clock, Secret};
use tokio::time::Instant;

use super::tally::Tally;
use super::{NAME, NETWORK, PAIR, Standing, Throttle, Verdict, judge};
use crate::keys::Keys;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const GO: Verdict = Verdict::Go { after: Duration::ZERO };

fn throttle() -> (Throttle, Instant) {
    (Throttle::new(&Keys::new(&Secret::new("a secret of this test"), &[])), Clock::system().now())
}

fn after(millis: u64) -> Verdict {
    Verdict::Go { after: Duration::from_millis(millis) }
}

fn refuse(seconds: u64) -> Verdict {
    Verdict::Refuse { retry_after: Duration::from_secs(seconds) }
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))
}

#[test]
fn decision_table() {
    let now = Clock::system().now();
    let none = None;
    let failed =
        |rule, times| Some((0..times).fold(Tally::new(now), |tally: Tally, _| tally.failed(rule, now)));
    let known = |times| Some((0..times).fold(Tally::known(now), |tally: Tally, _| tally.failed(&PAIR, now)));
    let (pair, network, name) = (|n| failed(&PAIR, n), |n| failed(&NETWORK, n), |n| failed(&NAME, n));
    let rows = [
        (none, none, none, GO),
        (pair(2), none, none, GO),
        (pair(3), none, none, refuse(1)),
        (pair(4), none, none, refuse(2)),
        (pair(12), none, none, refuse(512)),
        (pair(13), none, none, refuse(900)),
        (pair(1_000), none, none, refuse(900)),
        (known(2), none, none, GO),
        (known(3), none, none, refuse(1)),
        (known(1_000), none, none, refuse(30)),
        (none, network(19), none, GO),
        (none, network(20), none, refuse(1)),
        (none, network(1_000), none, refuse(60)),
        (pair(4), network(1_000), none, refuse(60)),
        (known(0), network(1_000), none, GO),
        (none, none, name(9), GO),
        (none, none, name(10), after(250)),
        (none, none, name(1_000), after(4_000)),
        (none, network(19), name(11), after(500)),
        (pair(2), none, name(11), after(500)),
        (known(0), network(1_000), name(1_000), GO),
        (known(2), none, name(1_000), GO),
    ];
    for (row, (pair, network, name, verdict)) in rows.into_iter().enumerate() {
        assert_eq!(judge(&Standing { pair, network, name }, now), verdict, "row {row}");
    }
}

#[test]
fn a_wait_runs_down_and_failures_are_forgiven() {
    let (throttle, now) = throttle();
    for _ in 0..3 {
        assert_eq!(throttle.attempt("alice", HOME, now), GO);
    }
    assert_eq!(throttle.attempt("alice", HOME, now), refuse(1));
    let later = now + Duration::from_millis(400);
    assert_eq!(
        throttle.attempt("alice", HOME, later),
        Verdict::Refuse { retry_after: Duration::from_millis(600) }
    );
    let later = now + Duration::from_secs(1);
    assert_eq!(throttle.attempt("alice", HOME, later), GO, "refused attempts have not made it longer");
    assert_eq!(throttle.attempt("alice", HOME, later), refuse(2));
    let later = later + Duration::from_hours(1);
    for _ in 0..3 {
        assert_eq!(throttle.attempt("alice", HOME, later), GO, "all is forgiven");
    }
}

#[test]
fn a_success_is_known_and_forgets_the_failures() {
    let (throttle, now) = throttle();
    throttle.attempt("alice", HOME, now);
    throttle.attempt("alice", HOME, now);
    throttle.attempt("alice", HOME, now);
    throttle.succeeded("alice", HOME, now);
    for _ in 0..3 {
        assert_eq!(throttle.attempt("alice", HOME, now), GO);
    }
}

#[test]
fn what_was_never_looked_at_is_no_failure() {
    let (throttle, now) = throttle();
    for _ in 0..100 {
        assert_eq!(throttle.attempt("alice", HOME, now), GO);
        throttle.abandoned("alice", HOME);
    }
}

#[test]
fn a_thousand_at_once_are_a_thousand() {
    let (throttle, now) = throttle();
    let gone = (0..1_000).filter(|_| throttle.attempt("alice", HOME, now) == GO).count();
    assert_eq!(gone, 3);
}

#[test]
fn strangers_cannot_lock_anybody_out() {
    let (throttle, now) = throttle();
    throttle.attempt("alice", HOME, now);
    throttle.succeeded("alice", HOME, now);
    for stranger in 0..10_000 {
        throttle.attempt("alice", address(stranger), now);
    }
    assert_eq!(throttle.attempt("alice", HOME, now), GO, "where she is known, she feels nothing");
    let abroad = "2001:db8::1".parse().unwrap();
    assert_eq!(throttle.attempt("alice", abroad, now), after(4_000), "elsewhere she waits, and goes");
}

#[test]
fn one_network_is_slowed_down_over_many_names() {
    let (throttle, now) = throttle();
    let gone =
        (0..1_000).filter(|number| throttle.attempt(&format!("user{number}"), HOME, now) == GO).count();
    assert_eq!(gone, 20);
    // One's own account at the same network does not wash the network clean.
    let later = now + Duration::from_secs(1);
    assert_eq!(throttle.attempt("mallory", HOME, later), GO);
    throttle.succeeded("mallory", HOME, later);
    assert_eq!(
        throttle.attempt("victim", HOME, now + Duration::from_millis(100)),
        Verdict::Refuse { retry_after: Duration::from_secs(1) }
    );
}

#[test]
fn a_network_of_ipv6_is_its_half() {
    let (throttle, now) = throttle();
    let gone = (0..1_000_u32)
        .filter(|host| {
            throttle.attempt("alice", format!("2001:db8:1:2::{host:x}").parse().unwrap(), now) == GO
        })
        .count();
    assert_eq!(gone, 3);
    assert_eq!(throttle.attempt("alice", "2001:db8:1:3::1".parse().unwrap(), now), GO);
    let mapped = "::ffff:192.0.2.1".parse().unwrap();
    for _ in 0..3 {
        throttle.attempt("bob", mapped, now);
    }
    assert_eq!(throttle.attempt("bob", HOME, now), refuse(1), "an IPv4 address in IPv6 is the same address");
}

#[test]
fn a_flood_of_names_neither_grows_the_table_nor_washes_an_offender_clean() {
    let (throttle, now) = throttle();
    // She fails as often as her waits let her.
    let offended = (0..8).map(|attempt| now + attempt * Duration::from_secs(20));
    let offended =
        offended.inspect(|at| assert_eq!(throttle.attempt("alice", HOME, *at), GO)).last().unwrap();
    for stranger in 0..50_000 {
        throttle.attempt(&format!("user{stranger}"), address(stranger), offended);
    }
    assert!(throttle.table().len() <= 32_768);
    assert!(matches!(throttle.attempt("alice", HOME, offended), Verdict::Refuse { .. }));
}
