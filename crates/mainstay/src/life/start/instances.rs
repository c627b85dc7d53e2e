//! Whether other instances of the service are there, where something is kept in each of them alone.
//!
//! What lives in one process is wrong as soon as there are two: each counts every limit anew, and knows no session of
//! the other. A server of the database knows who is there: it lists every connection with the name of its instance. So
//! nothing has to be written down, and whoever has crashed is gone at once.
//!
//! | seen | what happens |
//! |---|---|
//! | this instance alone | nothing |
//! | others, and limits are in memory | each takes its part of every rate at once |
//! | others for a minute | a warning (`MS0905`), and the service is degraded, until they are gone or the settings are mended |
//!
//! A minute, because a rolling replacement is no reason for a word. `SQLite` has no such list; it is for one instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_core::{Chain, Shutdown};
use mainstay_db::{Database, DbError, Dialect, Scope, Work, query};

use crate::health::{Criticality, Finding};
use crate::life::{Process, Restart, Runtime, StartError};
use crate::limits::{Instances, StoreKind as LimitStoreKind};
use crate::session::StoreKind as SessionStoreKind;

/// How often they are counted.
const INTERVAL: Duration = Duration::from_secs(5);

/// So often in a row there must be others before anything is said.
const LASTING: u32 = 12;

/// Keeps count of the instances on the server of the database, if anything depends on their number.
pub(super) fn watch_instances(
    process: &Process,
    runtime: &Runtime,
    database: &Database,
    instances: &Instances,
) -> Result<(), StartError> {
    let kept = kept_here(runtime);
    if kept.is_empty() || database.dialect() != Dialect::Postgres {
        return Ok(());
    }
    let watch = Watch {
        database: database.clone(),
        prefix: format!("{}/", runtime.database.application_name),
        instances: instances.clone(),
        are_lasting: Arc::default(),
        cure: kept.join(", "),
    };
    let known = watch.clone();
    process.health.register("instances", Criticality::Contributing, move || {
        let finding = known.finding();
        async move { finding }
    });
    let keep = move |shutdown| {
        let watch = watch.clone();
        async move {
            watch.keep(&shutdown).await;
            Ok(())
        }
    };
    Ok(process.workers.start("instances", Restart::budgeted(), keep)?)
}

/// What would have to be set otherwise for several instances.
fn kept_here(runtime: &Runtime) -> Vec<&'static str> {
    let limits = &runtime.requests.limits;
    let rows = [
        (limits.enabled && limits.store == LimitStoreKind::Memory, "RATE_LIMIT_STORE=redis"),
        (runtime.session.store == SessionStoreKind::Memory, "SESSION_STORE=database"),
    ];
    rows.into_iter().filter_map(|(is_here, cure)| is_here.then_some(cure)).collect()
}

#[derive(Clone)]
struct Watch {
    database: Database,
    /// How the names of the connections of all instances begin.
    prefix: String,
    instances: Instances,
    are_lasting: Arc<AtomicBool>,
    cure: String,
}

impl Watch {
    async fn keep(&self, shutdown: &Shutdown) {
        let mut seen = 0;
        while !shutdown.has_begun() {
            match self.count().await {
                Ok(count) => seen = self.note(count, seen),
                // What was known last is as good as anything.
                Err(error) => tracing::debug!(error = %Chain(&error), "the instances were not counted"),
            }
            let _ = tokio::time::timeout(INTERVAL, shutdown.begun()).await;
        }
    }

    /// Takes in how many there are. Gives how often in a row there were others.
    fn note(&self, count: u32, seen: u32) -> u32 {
        self.instances.note(count);
        let seen = if count > 1 { seen.saturating_add(1) } else { 0 };
        let are_lasting = seen >= LASTING;
        if self.are_lasting.swap(are_lasting, Ordering::Relaxed) != are_lasting {
            if are_lasting {
                let cure = &self.cure;
                tracing::warn!(
                    code = "MS0905",
                    count,
                    cure,
                    "instances keep apart what belongs to all of them"
                );
            } else {
                tracing::info!("this instance is alone again");
            }
        }
        seen
    }

    fn finding(&self) -> Finding {
        let count = self.instances.count();
        if self.are_lasting.load(Ordering::Relaxed) {
            Finding::degraded(format!(
                "{count} instances keep apart what belongs to all of them: set {}",
                self.cure
            ))
        } else {
            Finding::healthy(format!("{count} seen"))
        }
    }

    async fn count(&self) -> Result<u32, DbError> {
        let counting = async {
            let mut read = self.database.read().await?;
            let counted = query(
                "select count(distinct application_name) from pg_stat_activity \
                 where datname = current_database() and usename = current_user and starts_with(application_name, $1)",
            );
            counted.bind(self.prefix.as_str()).fetch_one(&mut read).await?.get::<i64>(0)
        };
        let count = Scope::new().of(Work::Background).run(counting).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
