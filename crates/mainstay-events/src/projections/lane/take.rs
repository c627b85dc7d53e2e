//! Events are taken: the position first, then the read model, in one transaction.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use mainstay_core::Shutdown;
use mainstay_db::Connection;

use super::{Holding, Lane, Refused, Stop};
use crate::projections::definition::Batch;
use crate::projections::place::lane_of;
use crate::projections::progress::{checkpoint, quarantine};
use crate::{ProjectionError, RecordedEvent};

/// Pages are made so large that they hold about this much, and not more events than that.
const PAGE_BYTES: usize = 8 << 20;
pub(super) const PAGE_EVENTS: (u32, u32) = (50, 5_000);

impl Lane {
    /// Takes a page, cutting it smaller around an event that cannot be applied.
    pub(super) async fn take(
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
    pub(in crate::projections) async fn apply<'e>(
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
}

/// So many events that a page has about [`PAGE_BYTES`].
pub(super) fn page_size(page: &[RecordedEvent]) -> u32 {
    let bytes: usize = page.iter().map(|event| event.payload.len() + 256).sum();
    let each = bytes / page.len().max(1);
    u32::try_from(PAGE_BYTES / each.max(1)).unwrap_or(u32::MAX).clamp(PAGE_EVENTS.0, PAGE_EVENTS.1)
}
