//! All projections of a process: started, swapped, asked for their health.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mainstay_core::{Shutdown, Tasks};
use mainstay_db::{Database, DbError, Scope, Work};
use tokio::task::JoinHandle;

use super::{alert, bell, generations, monitor};
use crate::EventStore;
use crate::outbox::Outbox;
use crate::projections::definition::{Projection, Tables};
use crate::projections::lane::{Lane, Stop};
use crate::projections::operator;
use crate::projections::place::Place;
use crate::projections::progress::Role;
use crate::projections::runner::Runner;
use crate::projections::settings::ProjectionSettings;

/// The projections of a process. Clones share them.
#[derive(Clone)]
pub struct Projections {
    pub(super) runner: Arc<Runner>,
    projections: Arc<[Arc<dyn Projection>]>,
}

/// How the projections are, in few words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionHealth {
    /// Whether all go on.
    pub is_well: bool,
    /// A sentence for operators.
    pub message: String,
}

impl Projections {
    /// The projections on a log. They run when [`Projections::run`] does.
    pub fn new(
        store: EventStore,
        projections: impl IntoIterator<Item = Arc<dyn Projection>>,
        settings: ProjectionSettings,
    ) -> Self {
        Self {
            runner: Arc::new(Runner::new(store, settings, None)),
            projections: projections.into_iter().collect(),
        }
    }

    /// Puts a message into an outbox for whatever begins to fail: its topic is [`PROJECTION_FAILED`], its id is made
    /// of the failure, so that a failure which is met again, after a restart or by another process, is told once. What an operator or a
    /// new build has helped is told as [`PROJECTION_RECOVERED`].
    ///
    /// [`PROJECTION_FAILED`]: super::PROJECTION_FAILED
    /// [`PROJECTION_RECOVERED`]: super::PROJECTION_RECOVERED
    #[must_use]
    pub fn telling(self, outbox: Outbox) -> Self {
        let (store, settings) = (self.runner.store().clone(), self.runner.settings().clone());
        Self { runner: Arc::new(Runner::new(store, settings, Some(outbox))), ..self }
    }

    /// Makes the tables of projections that are not there yet, so that they can be read from the start.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again.
    pub async fn prepare(&self) -> Result<(), DbError> {
        for projection in self.projections.iter() {
            generations::prepare(&self.runner, &**projection).await?;
        }
        Ok(())
    }

    /// Runs the projections until the process stops. Lanes are tasks among `tasks`; they have ended when this
    /// returns.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the lanes end at their next await; what they were about is rolled back.
    pub async fn run(&self, tasks: &Tasks, shutdown: Shutdown) {
        let mut lanes = Lanes::default();
        let reporting = monitor::report(&self.runner, &shutdown);
        let measuring = monitor::measure(&self.runner, &shutdown);
        let telling = alert::tell(&self.runner, &shutdown);
        let supervising = async {
            while !shutdown.has_begun() {
                for projection in self.projections.iter() {
                    self.tend(projection, &mut lanes, tasks, &shutdown).await;
                }
                tokio::select! {
                    () = tokio::time::sleep(self.runner.settings().poll) => {}
                    () = shutdown.begun() => {}
                }
            }
        };
        let ringing = bell::run(&self.runner, &shutdown);
        // Boxed: the parts together are a large future.
        let all = Box::pin(async { tokio::join!(reporting, measuring, telling, supervising, ringing) });
        Scope::new().of(Work::Background).run(all).await;
        for (_, lane) in std::mem::take(&mut lanes.running) {
            // It was told; a panic is told by the registry of tasks.
            let _ = lane.await;
        }
    }

    /// Starts the lanes of one projection that do not run, and lets what has caught up serve.
    async fn tend(
        &self,
        projection: &Arc<dyn Projection>,
        lanes: &mut Lanes,
        tasks: &Tasks,
        shutdown: &Shutdown,
    ) {
        let name = projection.name();
        let rows = match generations::prepare(&self.runner, &**projection).await {
            Ok(rows) => rows,
            Err(error) => {
                if !shutdown.has_begun() {
                    tracing::warn!(projection = name, %error, "projections wait for the database");
                }
                return;
            }
        };
        let live = rows.iter().filter(|row| row.role != Role::Retired && row.version == projection.version());
        let mut wanted = Vec::new();
        for row in live {
            let place = Place { name, generation: row.generation, lane: row.lane };
            wanted.push(place);
            if lanes.running.get(&place).is_none_or(JoinHandle::is_finished) {
                let tables = Tables::new(row.generation, projection.tables());
                let (runner, projection) = (Arc::clone(&self.runner), Arc::clone(projection));
                let lane = Lane { runner, projection, place, tables };
                lanes.running.insert(
                    place,
                    tasks.spawn(
                        "projection",
                        Scope::new().of(Work::Background).run(Box::pin(lane.run(shutdown.clone()))),
                    ),
                );
            }
        }
        lanes.running.retain(|place, lane| {
            let is_wanted = place.name != name || wanted.contains(place);
            if !is_wanted {
                lane.abort();
                self.runner.forget(*place);
            }
            is_wanted
        });
        if rows.iter().any(|row| row.role == Role::Building && row.version == projection.version())
            && let Err(Stop::Transient(error)) = generations::swap(&self.runner, projection, &rows).await
        {
            tracing::warn!(projection = name, error, "a rebuilt read model cannot serve yet");
        }
    }

    /// How the projections are: asks the database, so that a runner that is dead cannot say that it is well.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn health(&self, database: &Database) -> Result<ProjectionHealth, DbError> {
        let all = operator::status(database).await?;
        let mut problems = Vec::new();
        for projection in all.iter().filter(|projection| !projection.is_well()) {
            let name = &projection.name;
            problems.push(match projection.quarantined.len() {
                _ if projection.status != "running" => format!("{name} is {}", projection.status),
                count => format!("{name} has put {count} keys aside"),
            });
        }
        let board = self.runner.board();
        for name in board.names().keys().filter(|name| board.stands(name)) {
            if !problems.iter().any(|problem| problem.starts_with(name)) {
                problems.push(format!("{name} waits for the database"));
            }
        }
        let lease = self.runner.settings().lease;
        for (name, age) in self.runner.ages().into_iter().filter(|(_, age)| *age > lease * 2) {
            problems.push(format!("{name} was not seen for {} s", age.as_secs()));
        }
        let lag =
            all.iter().filter(|projection| projection.role == "serving").map(operator::ProjectionStatus::lag);
        let lag = lag.max().unwrap_or(0);
        let message = if problems.is_empty() {
            format!("{} projections, {lag} events behind", self.projections.len())
        } else {
            problems.join("; ")
        };
        Ok(ProjectionHealth { is_well: problems.is_empty(), message })
    }
}

/// The tasks of the lanes. Dropping ends them.
#[derive(Default)]
struct Lanes {
    running: BTreeMap<Place, JoinHandle<()>>,
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.running.values().for_each(JoinHandle::abort);
    }
}

impl fmt::Debug for Projections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.projections.iter().map(|projection| projection.name()).collect();
        f.debug_struct("Projections").field("projections", &names).finish_non_exhaustive()
    }
}
