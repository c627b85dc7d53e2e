//! What is told of projections: one record of what fails, and the metrics.

use std::time::Duration;

use mainstay_core::Shutdown;
use mainstay_db::DbError;

use crate::Position;
use crate::projections::operator::{self, ProjectionStatus};
use crate::projections::runner::Runner;

/// How often the metrics are set.
const METRICS: Duration = Duration::from_secs(1);

/// Writes the record on each change, and again every so often while anything fails.
pub(super) async fn report(runner: &Runner, shutdown: &Shutdown) {
    loop {
        tokio::select! {
            () = runner.board().changed() => runner.board().record(),
            () = tokio::time::sleep(runner.settings().summary) => {
                if !runner.board().is_empty() {
                    runner.board().record();
                }
            }
            () = shutdown.begun() => return,
        }
    }
}

/// Sets the metrics.
pub(super) async fn measure(runner: &Runner, shutdown: &Shutdown) {
    loop {
        // While the database fails, the metrics stand still, and other ones tell why.
        // Tells those who follow the log what other processes have appended.
        let _ = runner.store().head().await;
        if let Ok(projections) = operator::status(runner.database()).await {
            set(runner, &projections).await;
        }
        tokio::select! {
            () = tokio::time::sleep(METRICS) => {}
            () = shutdown.begun() => return,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point numbers")]
async fn set(runner: &Runner, projections: &[ProjectionStatus]) {
    for projection in projections {
        let name = projection.name.clone();
        let lag = projection.lag();
        if projection.role == "building" {
            let done = projection.position.get() as f64 / projection.head.get().max(1) as f64;
            metrics::gauge!("rebuild_progress_ratio", "projection" => name).set(done);
            continue;
        }
        metrics::gauge!("projection_lag_events", "projection" => name.clone()).set(lag as f64);
        metrics::gauge!("projection_quarantined_keys", "projection" => name.clone())
            .set(projection.quarantined.len() as f64);
        let age = match lag {
            0 => Duration::ZERO,
            _ => age(runner, projection.position).await.unwrap_or_default(),
        };
        metrics::gauge!("projection_lag_seconds", "projection" => name).set(age.as_secs_f64());
    }
    for (name, age) in runner.ages() {
        metrics::gauge!("projection_loop_age_seconds", "projection" => name).set(age.as_secs_f64());
    }
}

/// The age of the oldest event behind a position.
async fn age(runner: &Runner, position: Position) -> Result<Duration, DbError> {
    let next = runner.store().read_from(position, 1).await;
    let Some(event) = next.ok().and_then(|page| page.into_iter().next()) else { return Ok(Duration::ZERO) };
    let age = runner.clock().timestamp().duration_since(event.recorded_at);
    Ok(age.try_into().unwrap_or_default())
}
