//! The one who answers.

use std::fmt;
use std::sync::Arc;

use mainstay::telemetry::metrics::Metrics;
use mainstay_core::{Chain, Clock, Tasks};
use mainstay_db::Database;
use tokio::time::Instant;

use super::AnswerError;
use super::cache::CacheLimits;
use super::lane::{Lane, Stop};
use super::library::Library;
use super::meter::{Meter, Question};
use super::rendering::{Burst, Feed, Rendering};
use crate::engine::{Chunks, EvaluationError, Workers, WorkersError};

/// Work up to this much is done where it is asked for: less than a millisecond. In comparisons times bytes of
/// rules, see [`Scene::weight`](super::library::Scene::weight).
const LIGHT: usize = 512 * 1024;

/// Answers questions about what is stored. Cloning is cheap, and clones share what is kept.
#[derive(Clone)]
pub struct Evaluator {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    library: Library,
    lane: Lane,
    workers: Workers,
    meter: Meter,
}

/// What an evaluator may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluatorLimits {
    /// Threads that large evaluations are spread over.
    pub threads: usize,
    /// Heavy evaluations at once; further ones wait.
    pub heavy: usize,
    /// Long answers that are being read at once; further ones are refused.
    pub long_answers: usize,
    /// Most bytes of compiled catalogues that are kept.
    pub catalog_bytes: usize,
    /// Most bytes of compiled rulesets of either kind that are kept.
    pub ruleset_bytes: usize,
    /// Most catalogues, and most rulesets of either kind, that are kept.
    pub entries: usize,
}

impl EvaluatorLimits {
    /// Limits for a machine of so many cores: two heavy evaluations for each of them, so that one works while
    /// the other waits for the database.
    pub fn for_cores(cores: usize) -> Self {
        Self {
            threads: cores,
            heavy: 2 * cores,
            long_answers: 32 * cores,
            catalog_bytes: 128 << 20,
            ruleset_bytes: 16 << 20,
            entries: 256,
        }
    }
}

impl Default for EvaluatorLimits {
    fn default() -> Self {
        Self::for_cores(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

impl Evaluator {
    /// Starts the threads of the engine; reads nothing yet.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn start(
        database: &Database,
        clock: &Clock,
        tasks: &Tasks,
        metrics: &Metrics,
        limits: EvaluatorLimits,
    ) -> Result<Self, WorkersError> {
        let EvaluatorLimits { threads, heavy, long_answers, catalog_bytes, ruleset_bytes, entries } = limits;
        let lane = Lane::new(clock, tasks, heavy, long_answers);
        let catalogs = CacheLimits { bytes: catalog_bytes, entries };
        let rulesets = CacheLimits { bytes: ruleset_bytes, entries };
        let shared = Shared {
            clock: clock.clone(),
            library: Library::new(database, &lane, catalogs, rulesets),
            lane,
            workers: Workers::start(threads)?,
            meter: Meter::new(metrics),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(super) fn library(&self) -> &Library {
        &self.shared.library
    }

    pub(super) fn workers(&self) -> &Workers {
        &self.shared.workers
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// Begins to answer a question.
    pub(super) fn begin(&self, question: Question, deadline: Instant) -> Asked {
        Asked { evaluator: self.clone(), question, started: self.clock().now(), deadline }
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").finish_non_exhaustive()
    }
}

/// A question that is being answered.
pub(super) struct Asked {
    pub(super) evaluator: Evaluator,
    question: Question,
    started: Instant,
    pub(super) deadline: Instant,
}

impl Asked {
    /// Does work of so much weight: where it is if it is light, else in the lane.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Overloaded`], [`AnswerError::Panicked`], and those of the work.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future tells the work to stop.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        weight: usize,
        work: impl FnOnce(&Stop) -> Result<T, EvaluationError> + Send + 'static,
    ) -> Result<T, AnswerError> {
        let Shared { clock, lane, .. } = &*self.evaluator.shared;
        if weight <= LIGHT {
            return Ok(work(&Stop::at(clock, self.deadline))?);
        }
        Ok(lane.enter(self.deadline).await?.work(work).await??)
    }

    /// Renders chunks of so much weight, which compare `pairs` pairs. `chunks` is given the threads to use.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Overloaded`], and those of the evaluation, all before the first byte.
    ///
    /// # Cancel safety
    ///
    /// Safe. Later, dropping the pieces ends the work.
    pub(super) async fn render(
        self,
        weight: usize,
        pairs: usize,
        chunks: impl FnOnce(&Workers) -> Result<Chunks, EvaluationError>,
    ) -> Result<Rendering, AnswerError> {
        let Shared { clock, lane, workers, .. } = &*self.evaluator.shared;
        let is_light = weight <= LIGHT;
        let here = Workers::none();
        let chunks = chunks(if is_light { &here } else { workers })?;
        let render = move |stop: &Stop| Burst::render(chunks, stop);
        let (first, chunks) = if is_light {
            render(&Stop::at(clock, self.deadline))?
        } else {
            lane.enter(self.deadline).await?.work(render).await??
        };
        let first = match first.whole() {
            Ok(whole) => {
                self.compared(pairs, &chunks);
                return Ok(Rendering::Whole(whole));
            }
            Err(first) => first,
        };
        let feed = Feed { lane: lane.clone(), chunks, deadline: self.deadline, room: lane.room()? };
        let (pieces, work) = feed.start(first);
        lane.clone().follow(async move {
            match work.await {
                Ok(chunks) => self.compared(pairs, &chunks),
                Err(error) => tracing::debug!(error = %Chain(&error), "evaluation broken off"),
            }
        });
        Ok(Rendering::Pieces(pieces))
    }

    /// Notes that the question is answered.
    pub(super) fn answered(&self) {
        let took = self.evaluator.clock().now().saturating_duration_since(self.started);
        self.evaluator.meter().answered(self.question, took);
    }

    /// Notes that the question is answered, and what was found.
    fn compared(&self, pairs: usize, chunks: &Chunks) {
        self.answered();
        self.evaluator.meter().compared(pairs, chunks.compatible());
    }
}
