use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_core::settings::{Environment, read_pairs};

use crate::session::{Expiry, SessionSettings, StoreKind};

#[test]
fn the_defaults_are_the_documented_ones() {
    let read = read_pairs::<SessionSettings>(Environment::Production, &[]);
    assert!(read.report.problems.is_empty());
    assert_eq!(read.settings.unwrap(), SessionSettings::default());
}

#[test]
fn the_rules_row_by_row() {
    type Row = (Environment, &'static [(&'static str, &'static str)], &'static [&'static str], bool);
    let rows: &[Row] = &[
        (Environment::Production, &[("SESSION_STORE", "memory")], &["MS0602"], true),
        (Environment::Development, &[("SESSION_STORE", "memory")], &["MS0602"], false),
        (Environment::Production, &[("SESSION_CACHE", "off")], &[], false),
        (Environment::Production, &[("SESSION_IDLE_TIMEOUT", "12h")], &[], false),
        (Environment::Development, &[("SESSION_IDLE_TIMEOUT", "13h")], &["MS0601"], true),
        (Environment::Development, &[("SESSION_LIFETIME", "5m")], &["MS0601"], true),
        (Environment::Development, &[("SESSION_IDLE_TIMEOUT", "59s")], &["MS0102"], true),
        (Environment::Development, &[("SESSION_LIFETIME", "91d")], &["MS0102"], true),
        (Environment::Development, &[("SESSION_STORE", "disk")], &["MS0101"], true),
        (Environment::Development, &[("SESSION_CACHE", "no")], &["MS0101"], true),
    ];
    for (environment, pairs, codes, stops) in rows {
        let report = read_pairs::<SessionSettings>(*environment, pairs).report;
        let found: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((&found[..], report.has_errors()), (*codes, *stops), "{environment:?} {pairs:?}");
    }
    let memory = read_pairs::<SessionSettings>(Environment::Test, &[("SESSION_STORE", "memory")]);
    assert_eq!(memory.settings.unwrap().store, StoreKind::Memory);
}

#[test]
fn a_session_ends_by_the_earlier_of_two_clocks() {
    let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    let expiry = Expiry::begin(at(0), Duration::from_mins(30), Duration::from_hours(1));
    // Last seen, now, over.
    let rows = [
        (0, 0, false),
        (0, 29, false),
        (0, 30, true),
        (20, 49, false),
        (20, 50, true),
        (45, 59, false),
        (45, 60, true),
        (60, 60, true),
        (0, -10, false),
    ];
    for (seen, now, over) in rows {
        assert_eq!(expiry.is_over(at(seen), at(now)), over, "seen {seen}, now {now}");
    }
    assert_eq!(expiry.max_age(at(20)), Duration::from_mins(40));
    assert_eq!(expiry.max_age(at(61)), Duration::ZERO);
    let endless = Expiry::begin(Timestamp::MAX, Duration::MAX, Duration::MAX);
    assert_eq!(endless.over_at(Timestamp::MAX), Timestamp::MAX);
}
