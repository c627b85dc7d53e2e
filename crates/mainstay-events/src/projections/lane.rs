//! One lane at work: takes events in their order, and says what became of them.

use std::collections::{BTreeSet, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use mainstay_core::{Chain, Shutdown};
use mainstay_db::{Connection, DbError, DbErrorKind};
use tokio::time::Instant;

use super::checkpoint::{self, Claimed, Status};
use super::failure::Failure;
use super::handler::{Batch, Projection};
use super::place::{Place, lane_of};
use super::quarantine;
use super::runner::Runner;
use super::sort::{MASS_EVENTS, MASS_FEW, MassPoison, Sort, is_mass, sort};
use super::tables::Tables;
use crate::{Position, ProjectionError, ReadError, RecordedEvent};

/// Pages are made so large that they hold about this much, and not more events than that.
const PAGE_BYTES: usize = 8 << 20;
const PAGE_EVENTS: (u32, u32) = (50, 5_000);

/// Tries in a row, or time, after which a lane that only waits for the database counts as failing.
const DEGRADED_TRIES: u32 = 5;
const DEGRADED_TIME: Duration = Duration::from_secs(30);

/// One lane of a projection, whether or not it is ours at the moment.
pub(super) struct Lane {
    pub(super) runner: Arc<Runner>,
    pub(super) projection: Arc<dyn Projection>,
    pub(super) place: Place,
    pub(super) tables: Tables,
}

/// A lane that is ours, until the fence says otherwise.
pub(super) struct Holding {
    pub(super) fence: i64,
    pub(super) position: Position,
    /// Keys that were put aside.
    pub(super) aside: BTreeSet<String>,
    pub(super) mass: MassPoison,
    looked: Instant,
    pub(super) renewed: Instant,
    page: u32,
}

/// Why a lane does not go on at once.
#[derive(Debug)]
pub(super) enum Stop {
    /// The process is stopping.
    Stopping,
    /// Somebody else has it, or its state was changed: take it anew.
    Lost,
    /// The database fails in a way that passes.
    Transient(String),
}

/// Why some events were not taken. Nothing of them is left.
pub(super) enum Refused {
    Stop(Stop),
    Poison(ProjectionError),
}

impl Lane {
    /// Works until the process stops. A lane of somebody else's is asked for again and again.
    pub(super) async fn run(self, shutdown: Shutdown) {
        let mut failing: Option<(Instant, u32)> = None;
        loop {
            let before = self.runner.moves();
            let stop = match self.claim().await {
                Ok(Some(claimed)) => self.work(claimed, &shutdown).await,
                Ok(None) => Stop::Lost,
                Err(error) => error.into(),
            };
            if let Stop::Lost = stop {
                self.runner.forget(self.place);
            }
            if shutdown.has_begun() || matches!(stop, Stop::Stopping) {
                return;
            }
            let pause = match stop {
                Stop::Transient(error) => {
                    if self.runner.moves() != before {
                        failing = None;
                    }
                    let (since, tries) = failing.unwrap_or((self.runner.now(), 0));
                    failing = Some((since, tries + 1));
                    self.degrade(error, self.runner.now() - since, tries + 1);
                    self.runner.settings().back_off(tries)
                }
                Stop::Lost | Stop::Stopping => {
                    failing = None;
                    self.runner.settings().poll
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.begun() => return,
            }
        }
    }

    /// What passes by itself is worth a word when it does not pass.
    fn degrade(&self, error: String, since: Duration, tries: u32) {
        tracing::warn!(
            projection = self.place.name,
            lane = self.place.lane,
            tries,
            error,
            "projection waits"
        );
        metrics::counter!("projection_failures_total", "projection" => self.place.name, "kind" => "transient")
            .increment(1);
        if tries >= DEGRADED_TRIES || since >= DEGRADED_TIME {
            let (build, at) = (self.runner.build(), self.runner.clock().timestamp());
            let failure = Failure { attempts: tries, ..Failure::new("transient", error, build, at) };
            self.runner.board().put(self.place, None, failure);
        }
    }

    async fn claim(&self) -> Result<Option<Claimed>, DbError> {
        let mut transaction = self.runner.database().write().await?;
        let (holder, lease) = (self.runner.holder(), self.runner.settings().lease);
        let claimed = checkpoint::claim(&mut transaction, self.place, holder, lease).await?;
        transaction.commit().await?;
        Ok(claimed)
    }

    async fn work(&self, claimed: Claimed, shutdown: &Shutdown) -> Stop {
        let fence = claimed.fence;
        let stop = self.work_on(claimed, shutdown).await.err().unwrap_or(Stop::Lost);
        if let Stop::Stopping = stop {
            // Whoever comes next need not wait for the lease; if this fails, it waits.
            if let Ok(mut transaction) = self.runner.database().write().await
                && checkpoint::release(&mut transaction, self.place, fence).await.is_ok()
            {
                let _ = transaction.commit().await;
            }
        }
        stop
    }

    async fn work_on(&self, claimed: Claimed, shutdown: &Shutdown) -> Result<(), Stop> {
        let now = self.runner.now();
        let mut holding = Holding {
            fence: claimed.fence,
            position: claimed.position,
            aside: BTreeSet::new(),
            mass: MassPoison::default(),
            looked: now,
            renewed: now,
            page: self.runner.settings().page,
        };
        if claimed.status != Status::Running {
            return self.stand(&holding, claimed.failure, shutdown).await;
        }
        if !claimed.same_log {
            let error =
                "the log is another one than the read model was made from: it was restored. Rebuild it";
            return self.halt(&holding, Status::Halted, self.failure("log_restored", error), shutdown).await;
        }
        self.recall(&mut holding).await?;
        let mut head = self.runner.store().watch();
        loop {
            if shutdown.has_begun() {
                return Err(Stop::Stopping);
            }
            // Before the read: what is appended during it wakes us again.
            head.borrow_and_update();
            if self.runner.now() - holding.looked >= self.runner.settings().poll {
                self.look(&mut holding, shutdown).await?;
            }
            let page = match self.runner.reader().read_from(holding.position, holding.page).await {
                Ok(page) => page,
                Err(ReadError::Database(error)) => return Err(error.into()),
                Err(error) => {
                    let failure = self.failure("log_damaged", &Chain(&error).to_string());
                    return self.halt(&holding, Status::Halted, failure, shutdown).await;
                }
            };
            self.runner.beat(self.place);
            // It waits for the database no more.
            self.runner.board().remove(self.place, None);
            if page.is_empty() {
                tokio::select! {
                    // Fails when the store is gone, and we with it.
                    _ = head.changed() => {}
                    () = tokio::time::sleep(self.runner.settings().poll) => {}
                    () = shutdown.begun() => {}
                }
                continue;
            }
            holding.page = page_size(&page);
            self.take(&mut holding, &page, shutdown).await?;
        }
    }

    /// Takes a page, cutting it smaller around an event that cannot be applied.
    async fn take(
        &self,
        holding: &mut Holding,
        page: &[RecordedEvent],
        shutdown: &Shutdown,
    ) -> Result<(), Stop> {
        let (mut rest, mut len) = (page, page.len());
        while !rest.is_empty() {
            let (part, later) = rest.split_at(len.clamp(1, rest.len()));
            match self.commit(holding, part).await {
                Ok(()) => {
                    rest = later;
                    len = part.len() * 2;
                    self.runner.moved();
                }
                Err(Refused::Stop(stop)) => return Err(stop),
                Err(Refused::Poison(error)) => {
                    if let [event] = part {
                        self.poisoned(holding, event, error, shutdown).await?;
                        rest = later;
                        len = rest.len();
                    } else {
                        len = part.len() / 2;
                    }
                }
            }
        }
        Ok(())
    }

    /// One transaction: the position first, so that a holder of yesterday changes nothing; then the read model.
    pub(super) async fn commit(&self, holding: &mut Holding, part: &[RecordedEvent]) -> Result<(), Refused> {
        let Some(last) = part.last() else { return Ok(()) };
        let began = self.runner.now();
        let mut transaction = self.runner.database().write().await?;
        let (step, lease) = ((holding.position, last.position), self.runner.settings().lease);
        if !checkpoint::advance(&mut transaction, self.place, holding.fence, step, lease).await? {
            return Err(Refused::Stop(Stop::Lost));
        }
        self.apply(&mut transaction, part.iter(), &holding.aside).await?;
        transaction.commit().await?;
        holding.position = last.position;
        holding.renewed = began;
        metrics::histogram!("projection_batch_seconds", "projection" => self.place.name)
            .record(self.runner.now() - began);
        Ok(())
    }

    /// Applies the events that are of this lane; those of keys that were put aside wait behind them.
    pub(super) async fn apply<'e>(
        &self,
        connection: &mut Connection,
        events: impl Iterator<Item = &'e RecordedEvent>,
        aside: &BTreeSet<String>,
    ) -> Result<(), Refused> {
        let (lanes, types) = (self.projection.lanes(), self.projection.event_types());
        let (mut live, mut waiting) = (Vec::new(), Vec::new());
        for event in events {
            if types.is_some_and(|types| !types.contains(&event.event_type.as_str())) {
                continue;
            }
            if lanes <= 1 && aside.is_empty() {
                live.push(event);
                continue;
            }
            let key = self.projection.key(event);
            if lane_of(&key, lanes) != self.place.lane {
                continue;
            }
            if aside.contains(&*key) {
                waiting.push((key.into_owned(), event));
            } else {
                live.push(event);
            }
        }
        self.call(connection, &live).await?;
        quarantine::park(connection, self.place, waiting.into_iter()).await?;
        Ok(())
    }

    /// Calls the projection; a panic is one of its ways to say no.
    pub(super) async fn call(
        &self,
        connection: &mut Connection,
        events: &[&RecordedEvent],
    ) -> Result<(), Refused> {
        if events.is_empty() {
            return Ok(());
        }
        let batch = Batch { events, tables: &self.tables };
        let applied = AssertUnwindSafe(async { self.projection.apply(connection, batch).await });
        let applied = applied.catch_unwind().await;
        applied.unwrap_or_else(|panic| Err(ProjectionError::panicked(&*panic))).map_err(Refused::from)
    }

    pub(super) fn failure(&self, kind: &str, error: &str) -> Failure {
        Failure::new(kind, error, self.runner.build(), self.runner.clock().timestamp())
    }

    /// Is this one key too many to be a matter of some events?
    pub(super) async fn is_mass(&self, holding: &mut Holding, at: Position) -> Result<bool, Stop> {
        let mut aside = holding.mass.note(self.runner.now(), at, holding.aside.len());
        if aside.in_events >= MASS_FEW {
            aside.keys = self.keys_until(at).await?;
        }
        Ok(is_mass(aside))
    }

    /// How many keys of this lane are among the last events up to a position.
    async fn keys_until(&self, last: Position) -> Result<usize, Stop> {
        let (lanes, types) = (self.projection.lanes(), self.projection.event_types());
        let mut keys = HashSet::new();
        let mut after = Position::new(last.get().saturating_sub(MASS_EVENTS));
        while after < last {
            let page = self.runner.reader().read_from(after, PAGE_EVENTS.1).await;
            let page = page.map_err(|error| Stop::Transient(Chain(&error).to_string()))?;
            after = page.last().map_or(last, |event| event.position);
            let ours = page.iter().filter(|event| event.position <= last);
            let wanted =
                ours.filter(|event| types.is_none_or(|types| types.contains(&event.event_type.as_str())));
            let all = wanted.map(|event| self.projection.key(event).into_owned());
            keys.extend(all.filter(|key| lane_of(key, lanes) == self.place.lane));
        }
        Ok(keys.len())
    }

    /// Looks now and then at what operators wish, and whether the log is still the one that is followed.
    async fn look(&self, holding: &mut Holding, shutdown: &Shutdown) -> Result<(), Stop> {
        holding.looked = self.runner.now();
        let mut read = self.runner.database().read().await?;
        let seen = checkpoint::look(&mut read, self.place, holding.fence).await?;
        drop(read);
        let Some((_, head, true)) = seen else { return Err(Stop::Lost) };
        if head < holding.position {
            let error =
                format!("the log ends at {head}, before position {}: it was restored", holding.position);
            return self.halt(holding, Status::Halted, self.failure("log_restored", &error), shutdown).await;
        }
        if self.runner.now() - holding.renewed >= self.runner.settings().lease / 3 {
            self.renew(holding.fence).await?;
            holding.renewed = self.runner.now();
        }
        self.release_keys(holding, shutdown).await
    }

    /// Keeps a lane that has nothing to do.
    pub(super) async fn renew(&self, fence: i64) -> Result<(), Stop> {
        let mut transaction = self.runner.database().write().await?;
        let lease = self.runner.settings().lease;
        if !checkpoint::renew(&mut transaction, self.place, fence, lease).await? {
            return Err(Stop::Lost);
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        ProjectionError::Database(error).into()
    }
}

impl From<ProjectionError> for Refused {
    fn from(error: ProjectionError) -> Self {
        match sort(&error) {
            Sort::Poison => Self::Poison(error),
            Sort::Transient => Self::Stop(Stop::Transient(Chain(&error).to_string())),
            Sort::Stopping => Self::Stop(Stop::Stopping),
        }
    }
}

impl From<DbError> for Stop {
    /// What our own statements meet is never the fault of an event.
    fn from(error: DbError) -> Self {
        match error.kind() {
            DbErrorKind::Closed => Self::Stopping,
            _ => Self::Transient(Chain(&error).to_string()),
        }
    }
}

/// So many events that a page has about [`PAGE_BYTES`].
fn page_size(page: &[RecordedEvent]) -> u32 {
    let bytes: usize = page.iter().map(|event| event.payload.len() + 256).sum();
    let each = bytes / page.len().max(1);
    u32::try_from(PAGE_BYTES / each.max(1)).unwrap_or(u32::MAX).clamp(PAGE_EVENTS.0, PAGE_EVENTS.1)
}
