//! A lane is asked for, held, and worked on until somebody else has it or the process stops.

use std::collections::BTreeSet;
use std::time::Duration;

use mainstay_core::{Chain, Shutdown};
use mainstay_db::DbError;
use tokio::time::Instant;

use super::take::page_size;
use super::{Holding, Lane, Stop};
use crate::ReadError;
use crate::projections::failures::{Failure, MassPoison, TRANSIENT};
use crate::projections::progress::checkpoint::{self, Claimed, Status};

/// Tries in a row, or time, after which a lane that only waits for the database counts as failing.
const DEGRADED_TRIES: u32 = 5;
const DEGRADED_TIME: Duration = Duration::from_secs(30);

impl Lane {
    /// Works until the process stops. A lane of somebody else's is asked for again and again.
    pub(in crate::projections) async fn run(self, shutdown: Shutdown) {
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
            let failure = Failure { attempts: tries, ..Failure::new(TRANSIENT, error, build, at) };
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
            let page = match self.runner.store().read_from(holding.position, holding.page).await {
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
                self.runner.board().went_on(self.place);
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
            self.runner.board().went_on(self.place);
        }
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
