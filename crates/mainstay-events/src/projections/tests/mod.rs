//! Projections on a real log, with code that fails on purpose.

mod failing;
mod following;
mod ownership;
mod record;
mod swapping;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::{Connection, Database, DatabaseSettings, query, query_assembled};
use tokio::task::JoinHandle;

use super::operator::{self, ProjectionStatus, Wish};
use super::*;
use crate::store::tests::{Happened, noting, open, open_as_told, stream};
use crate::{Append, Applying, Event, EventStore, Expected, Position, ProjectionError};

/// How many events each stream has, their sum, and the version it was seen at last.
#[derive(Debug)]
struct Tally {
    name: &'static str,
    version: AtomicU32,
    lanes: u16,
    policy: OnPoison,
    ills: Mutex<Ills>,
}

/// What is wrong with it.
#[derive(Debug, Default)]
struct Ills {
    /// Numbers that it cannot apply.
    bad: BTreeSet<u64>,
    way: Way,
    /// How often the database is to fail under it.
    busy: u32,
    database: Option<Database>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Way {
    #[default]
    Refuse,
    Panic,
    Constraint,
}

impl Tally {
    fn new(name: &'static str, policy: OnPoison) -> Arc<Self> {
        Self::with_lanes(name, policy, 1)
    }

    fn with_lanes(name: &'static str, policy: OnPoison, lanes: u16) -> Arc<Self> {
        Arc::new(Self { name, version: AtomicU32::new(1), lanes, policy, ills: Mutex::default() })
    }

    fn ills(&self) -> MutexGuard<'_, Ills> {
        self.ills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Projection for Tally {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    fn tables(&self) -> &'static [Table] {
        const TALLY: &[Table] = &[Table::new(
            "tally",
            "stream text primary key, count bigint not null, sum bigint not null, last bigint not null",
        )
        .indexed(&[("by_count", "count")])];
        const OTHER: &[Table] = &[Table::new(
            "other",
            "stream text primary key, count bigint not null, sum bigint not null, last bigint not null",
        )];
        if self.name == "tally" { TALLY } else { OTHER }
    }

    fn lanes(&self) -> u16 {
        self.lanes
    }

    fn on_poison(&self) -> OnPoison {
        self.policy
    }

    fn apply<'a>(&'a self, connection: &'a mut Connection, batch: Batch<'a>) -> Applying<'a> {
        Box::pin(async move {
            let table = batch.tables.name(self.name);
            let busy = {
                let mut ills = self.ills();
                ills.busy = ills.busy.saturating_sub(1);
                (ills.busy > 0).then(|| ills.database.clone()).flatten()
            };
            if let Some(database) = busy {
                // The writer is ours: a second one is not to be had.
                database.write().await?;
            }
            for event in batch.events {
                let Happened::Noted(number) = event.decode()? else { continue };
                // After something was written, so that half a batch would show.
                let sql = format!(
                    "insert into {table} (stream, count, sum, last) values ($1, 1, $2, $3)
                     on conflict (stream) do update set count = {table}.count + 1, sum = {table}.sum + $2, last = $3"
                );
                query_assembled(sql)
                    .bind(&event.stream)
                    .bind(i64::try_from(number).expect("small"))
                    .bind(event.version)
                    .execute(connection)
                    .await?;
                let (is_bad, way) = {
                    let ills = self.ills();
                    (ills.bad.contains(&number), ills.way)
                };
                match way {
                    _ if !is_bad => {}
                    Way::Refuse => return Err(ProjectionError::Refused("it is bad".into())),
                    Way::Panic => panic!("at the sight of {number}"),
                    Way::Constraint => {
                        let sql =
                            format!("insert into {table} (stream, count, sum, last) values ($1, 1, 1, 1)");
                        query_assembled(sql).bind(&event.stream).execute(connection).await?;
                    }
                }
            }
            Ok(())
        })
    }
}

/// A log with projections that run.
struct Scene {
    store: EventStore,
    projections: Projections,
    tasks: Tasks,
    shutdown: Shutdown,
    running: Option<JoinHandle<()>>,
}

fn settings(build: &str) -> ProjectionSettings {
    ProjectionSettings {
        page: 7,
        poll: Duration::from_millis(5),
        lease: Duration::from_millis(300),
        retries: [Duration::from_millis(1); 3],
        longest_wait: Duration::from_millis(20),
        summary: Duration::from_millis(100),
        ..ProjectionSettings::new(build)
    }
}

async fn log() -> EventStore {
    let database = DatabaseSettings { pool_timeout: Duration::from_secs(5), ..DatabaseSettings::in_memory() };
    EventStore::new(open(&database).await, Clock::system())
}

impl Scene {
    async fn new(projections: &[&Arc<Tally>]) -> Self {
        Self::on(log().await, projections, "one").await
    }

    async fn on(store: EventStore, projections: &[&Arc<Tally>], build: &str) -> Self {
        let handlers = projections.iter().map(|tally| Arc::clone(tally) as Arc<dyn Projection>);
        let projections = Projections::new(store.clone(), handlers, settings(build));
        Self::of(store, projections).await
    }

    async fn of(store: EventStore, projections: Projections) -> Self {
        projections.prepare().await.expect("the tables");
        let mut scene =
            Self { store, projections, tasks: Tasks::new(), shutdown: Shutdown::new(), running: None };
        scene.start();
        scene
    }

    fn start(&mut self) {
        let (projections, tasks) = (self.projections.clone(), self.tasks.clone());
        let shutdown = self.shutdown.clone();
        self.running = Some(self.tasks.spawn("projections", async move {
            projections.run(&tasks, shutdown).await;
        }));
    }

    async fn stop(mut self) -> EventStore {
        self.shutdown.begin();
        self.running.take().expect("it runs").await.expect("no panic");
        self.tasks.finished().await;
        self.store.clone()
    }

    async fn note(&self, stream: &str, number: u64) -> Position {
        self.store.append(noting(stream, number)).await.expect("an append").last
    }

    async fn wait_for(&self, name: &str, position: Position) {
        let waited = self.projections.wait_for(name, position, Duration::from_secs(10)).await;
        waited.expect("the read model comes there");
    }

    /// Waits until the projection is as it should be.
    async fn until(&self, name: &str, is: impl Fn(&ProjectionStatus) -> bool) -> ProjectionStatus {
        let patient = async {
            loop {
                let all = operator::status(self.store.database()).await.expect("the status");
                let found = all.into_iter().find(|status| status.name == name && is(status));
                if let Some(found) = found {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it comes to be so")
    }

    async fn wish(&self, name: &str, key: Option<&str>, wish: Wish) -> u64 {
        operator::wish(self.store.database(), name, key, wish).await.expect("the wish is noted")
    }

    async fn rows(&self, table: &'static str) -> BTreeMap<String, (i64, i64, i64)> {
        rows(&self.store, table).await
    }

    async fn is_well(&self) -> bool {
        self.projections.health(self.store.database()).await.expect("an answer").is_well
    }
}

async fn rows(store: &EventStore, table: &'static str) -> BTreeMap<String, (i64, i64, i64)> {
    let mut read = store.database().read().await.expect("a reader");
    let sql = format!("select stream, count, sum, last from {table} order by stream");
    let rows = query_assembled(sql).fetch_all(&mut read).await.expect("the rows");
    rows.iter()
        .map(|row| {
            let get = |index| row.get::<i64>(index).expect("a number");
            (row.get(0).expect("a name"), (get(1), get(2), get(3)))
        })
        .collect()
}

/// What the rows must be: the log, added up.
async fn added_up(store: &EventStore) -> BTreeMap<String, (i64, i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for event in crate::store::tests::check_invariants(store).await {
        let Ok(Happened::Noted(number)) = event.decode() else { continue };
        let row = sums.entry(event.stream.as_str().to_owned()).or_default();
        row.0 += 1;
        row.1 += i64::try_from(number).expect("small");
        row.2 = i64::try_from(event.version.get()).expect("small");
    }
    sums
}
