use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_core::settings::Environment;
use mainstay_core::{Clock, Shutdown};
use serde_json::json;

use super::Condition::{self, Degraded, Healthy, Unhealthy};
use super::lane::{Lane, rounds};
use super::{Audience, Criticality, Finding, Health, Identity, Pace};
use crate::health::steady::Steady;

fn health(clock: &Clock) -> Health {
    Health::new(Identity { version: "0.1.0", environment: Environment::Development }, clock)
}

/// A check that says what the switch says, and counts how often it was asked.
fn switched(
    health: &Health,
    name: &'static str,
    criticality: Criticality,
) -> (Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (works, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (switch, count) = (Arc::clone(&works), Arc::clone(&asked));
    health.register(name, criticality, move || {
        count.fetch_add(1, Ordering::Relaxed);
        let works = switch.load(Ordering::Relaxed);
        async move { if works { Ok(()) } else { Err("refused by 10.0.0.1") } }
    });
    (works, asked)
}

/// Lets so many seconds of rounds pass.
async fn pass(health: &Health, seconds: f32) {
    let rounds = async {
        rounds(health, Pace::default(), &Shutdown::new()).await;
    };
    let _ = tokio::time::timeout(Duration::from_secs_f32(seconds), rounds).await;
}

#[test]
fn bodies_have_the_documented_shape() {
    let (clock, hands) = Clock::manual();
    let health = health(&clock);
    hands.advance(Duration::from_secs(3));
    assert_eq!(json(&Health::live().body), json!({ "status": "alive" }));
    assert_eq!(json(&health.ready().body), json!({ "status": "ready" }));
    let report = health.report(Audience::Public);
    assert_eq!(
        json(&report.body),
        json!({
            "status": "healthy",
            "version": "0.1.0",
            "environment": "development",
            "timestamp": "1970-01-01T00:00:03.000000Z",
            "uptime_seconds": 3,
            "dependencies": {},
        })
    );
    health.readiness().drain();
    assert_eq!(json(&health.ready().body), json!({ "status": "not_ready", "reason": "draining" }));
    assert_eq!(health.ready().status, 503);
}

fn json(body: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_critical_failure_is_not_ready_and_the_public_hears_no_message() {
    let health = health(&Clock::system());
    let (works, _) = switched(&health, "database", Criticality::Critical);
    pass(&health, 0.5).await;
    assert_eq!(health.ready().status, 200);
    works.store(false, Ordering::Relaxed);
    pass(&health, 2.5).await;
    let ready = health.ready();
    assert_eq!((ready.status.as_u16(), ready.body.reason.as_deref()), (503, Some("database_unavailable")));
    let public = health.report(Audience::Public);
    assert_eq!((public.status.as_u16(), public.body.status), (503, "unhealthy"));
    assert_eq!(public.body.dependencies["database"].message, None);
    let operator = health.report(Audience::Operator);
    assert_eq!(operator.body.dependencies["database"].message.as_deref(), Some("refused by 10.0.0.1"));
}

#[tokio::test(start_paused = true)]
async fn degraded_is_not_down() {
    let health = health(&Clock::system());
    let (works, _) = switched(&health, "columns", Criticality::Contributing);
    works.store(false, Ordering::Relaxed);
    pass(&health, 0.5).await;
    assert_eq!(health.ready().status, 200);
    let report = health.report(Audience::Public);
    assert_eq!((report.status.as_u16(), report.body.status), (200, "degraded"));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_or_panics_is_a_failure_of_its_own() {
    let health = health(&Clock::system());
    health.register("hangs", Criticality::Critical, pending::<Finding>);
    health.register("panics", Criticality::Critical, || -> std::future::Ready<Finding> { panic!("no") });
    let (_, asked) = switched(&health, "works", Criticality::Critical);
    pass(&health, 1.5).await;
    let message = |name| health.report(Audience::Operator).body.dependencies[name].message.clone();
    assert_eq!(message("hangs").as_deref(), Some("no answer within 1s"));
    assert_eq!(message("panics").as_deref(), Some("the check panicked"));
    assert_eq!(message("works").as_deref(), Some("works"));
    assert!(asked.load(Ordering::Relaxed) >= 1);
}

#[tokio::test(start_paused = true)]
async fn probes_cost_no_check() {
    let health = health(&Clock::system());
    let (_, asked) = switched(&health, "database", Criticality::Critical);
    pass(&health, 10.5).await;
    for _ in 0..10_000 {
        assert_eq!(health.ready().status, 200);
        assert_eq!(health.report(Audience::Public).status, 200);
    }
    // One a second, and one more for the check's registration.
    assert!(asked.load(Ordering::Relaxed) <= 12, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_lane_is_not_believed() {
    let health = health(&Clock::system());
    switched(&health, "database", Criticality::Critical);
    pass(&health, 0.5).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    let ready = health.ready();
    assert_eq!(ready.body.reason.as_deref(), Some("health_stale"));
    assert!(ready.age >= Duration::from_secs(20));
}

#[test]
fn latches_hold_readiness_until_the_last_is_dropped() {
    let health = health(&Clock::system());
    let reason = || health.ready().body.reason;
    let starting = health.readiness().hold("starting");
    let migrating = health.readiness().hold("migrating");
    assert_eq!(reason().as_deref(), Some("migrating"));
    drop(migrating);
    assert_eq!(reason().as_deref(), Some("starting"));
    assert_eq!(health.report(Audience::Public).body.status, "degraded");
    drop(starting);
    assert_eq!(reason(), None);
}

#[test]
fn what_is_said_does_not_flap() {
    let healthy = || Finding::healthy("");
    let (degraded, unhealthy) = (|| Finding::degraded(""), || Finding::unhealthy(""));
    let said = |findings: Vec<Finding>| -> Vec<Condition> {
        let mut steady = Steady::default();
        findings.into_iter().map(|finding| steady.take(finding).condition()).collect()
    };
    assert_eq!(said(vec![unhealthy()]), [Unhealthy], "the first finding is believed");
    assert_eq!(said(vec![healthy(), unhealthy(), healthy(), unhealthy()]), [Healthy; 4]);
    assert_eq!(said(vec![healthy(), unhealthy(), unhealthy()]), [Healthy, Healthy, Unhealthy]);
    assert_eq!(said(vec![unhealthy(), healthy(), unhealthy(), healthy()]), [Unhealthy; 4]);
    assert_eq!(said(vec![unhealthy(), healthy(), healthy()]), [Unhealthy, Unhealthy, Healthy]);
    assert_eq!(said(vec![unhealthy(), degraded(), unhealthy()]), [Unhealthy, Degraded, Unhealthy]);
}

#[tokio::test]
async fn the_lane_runs_on_its_own_thread_and_ends_when_told() {
    let health = health(&Clock::system());
    let (seen, mut names) = tokio::sync::mpsc::unbounded_channel();
    health.register("thread", Criticality::Contributing, move || {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        std::future::ready(seen.send(name))
    });
    let lane = Lane::start(health.clone(), Pace::default()).unwrap();
    health.settled().await;
    assert_eq!(names.recv().await.as_deref(), Some("health"));
    lane.stop().await;
    drop(health);
    // Ends when the thread has let go of its checks.
    while let Some(name) = names.recv().await {
        assert_eq!(name, "health");
    }
}
