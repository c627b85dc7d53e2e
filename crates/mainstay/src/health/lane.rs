//! The lane that runs the checks, apart from everything that could starve it.

use std::collections::HashMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use mainstay_core::Shutdown;
use tokio_util::sync::CancellationToken;

use super::check::{Condition, Criticality, Finding, Registered};
use super::steady::Steady;
use super::{Dependency, Health, HealthSnapshot, Pace};

/// Checks wait, they do not compute.
const STACK_BYTES: usize = 512 * 1024;

/// The thread of the checks. It ends when it is told to, or when this is dropped.
#[derive(Debug)]
pub struct Lane {
    shutdown: Shutdown,
    ended: CancellationToken,
}

impl Lane {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system has no thread to give.
    pub fn start(health: Health, pace: Pace) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shutdown = Shutdown::new();
        let (told, ended) = (shutdown.clone(), CancellationToken::new());
        let guard = ended.clone().drop_guard();
        let run = move || {
            let _guard = guard;
            runtime.block_on(rounds(&health, pace, &told));
        };
        std::thread::Builder::new().name("health".to_owned()).stack_size(STACK_BYTES).spawn(run)?;
        Ok(Self { shutdown, ended })
    }

    /// Tells the thread to end, and waits until it has let go of its checks.
    ///
    /// # Cancel safety
    ///
    /// Safe: the thread ends also when nobody waits.
    pub async fn stop(self) {
        self.shutdown.force();
        self.ended.cancelled().await;
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shutdown.force();
    }
}

/// While something is not well, rounds come so much sooner: its return is to be noticed soon.
const SOONER: u32 = 4;

/// Runs the checks, round after round.
pub(super) async fn rounds(health: &Health, pace: Pace, shutdown: &Shutdown) {
    let mut steady = HashMap::new();
    loop {
        let begun = health.shared.clock.now();
        tokio::select! {
            () = round(health, pace, &mut steady) => {}
            () = shutdown.forced() => return,
        }
        let next = begun + if health.is_all_well() { pace.interval } else { pace.interval / SOONER };
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = health.shared.hurry.notified() => {}
            () = shutdown.forced() => return,
        }
    }
}

/// Runs each check once, all at the same time, and publishes what is to be said.
async fn round(health: &Health, pace: Pace, steady: &mut HashMap<&'static str, Steady>) {
    let checks: Vec<Arc<Registered>> = health.checks().clone();
    let findings = join_all(checks.iter().map(|check| look(check, pace))).await;
    let dependencies = checks.iter().zip(findings).map(|(check, found)| {
        let said = steady.entry(check.name).or_default().take(found);
        Dependency { name: check.name, criticality: check.criticality, finding: said }
    });
    let dependencies: Vec<_> = dependencies.collect();
    let clock = &health.shared.clock;
    let snapshot = HealthSnapshot { taken: clock.now(), taken_at: clock.timestamp(), dependencies };
    let before = health.shared.snapshot.send_replace(Arc::new(snapshot));
    for dependency in &health.snapshot().dependencies {
        report_change(&before, dependency);
    }
}

async fn look(registered: &Registered, pace: Pace) -> Finding {
    let limit = registered.timeout.unwrap_or(pace.timeout);
    // The check is called under the same guard as its future.
    let looking = AssertUnwindSafe(async { registered.check.check().await }).catch_unwind();
    match tokio::time::timeout(limit, looking).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(_)) => Finding::unhealthy("the check panicked"),
        Err(_) => Finding::unhealthy(format!("no answer within {limit:?}")),
    }
}

/// Logs what changed, once: not each round of a long outage.
fn report_change(before: &HealthSnapshot, now: &Dependency) {
    let known = before.dependencies.iter().find(|dependency| dependency.name == now.name);
    let was = known.map_or(Condition::Healthy, |dependency| dependency.finding.condition());
    let is = now.finding.condition();
    if was == is {
        return;
    }
    let (dependency, condition, detail) = (now.name, is.as_str(), now.finding.message());
    match (is, now.criticality) {
        (Condition::Healthy, _) => tracing::info!(dependency, condition, detail, "health changed"),
        (Condition::Unhealthy, Criticality::Critical) => {
            tracing::error!(dependency, condition, detail, "health changed");
        }
        _ => tracing::warn!(dependency, condition, detail, "health changed"),
    }
}
