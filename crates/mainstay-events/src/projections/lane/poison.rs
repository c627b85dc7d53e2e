//! An event that cannot be applied: tried again, then dealt with as the projection says.

use mainstay_core::Shutdown;

use super::{Holding, Lane, Refused, Stop};
use crate::projections::definition::OnPoison;
use crate::projections::failures::Failure;
use crate::projections::progress::checkpoint::{self, Status};
use crate::projections::progress::quarantine::{self, Kept};
use crate::{Position, ProjectionError, RecordedEvent};

/// Events of a key that are tried again in one transaction.
const REPLAYED: u32 = 500;

impl Lane {
    /// Tries one event again, and then does what the projection says.
    pub(super) async fn poisoned(
        &self,
        holding: &mut Holding,
        event: &RecordedEvent,
        error: ProjectionError,
        shutdown: &Shutdown,
    ) -> Result<(), Stop> {
        let key = self.projection.key(event).into_owned();
        let at = self.runner.clock().timestamp();
        let mut failure = Failure::of_event(event, &key, &error, self.runner.build(), at);
        for wait in self.runner.settings().retries {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.begun() => return Err(Stop::Stopping),
            }
            match self.commit(holding, std::slice::from_ref(event)).await {
                Ok(()) => return Ok(()),
                Err(Refused::Stop(stop)) => return Err(stop),
                Err(Refused::Poison(error)) => failure.again(&error, self.runner.clock().timestamp()),
            }
        }
        match self.projection.on_poison() {
            OnPoison::Halt => self.halt(holding, Status::Halted, failure, shutdown).await,
            OnPoison::Quarantine if self.is_mass(holding, event.position).await? => {
                let failure = Failure { kind: "mass_poison".to_owned(), ..failure };
                self.halt(holding, Status::Faulted, failure, shutdown).await
            }
            OnPoison::Quarantine => self.put_aside(holding, event, key, failure).await,
            OnPoison::Skip => self.leave_out(holding, event).await,
        }
    }

    /// Lets the event and the later ones of its key wait, and goes on with the others.
    async fn put_aside(
        &self,
        holding: &mut Holding,
        event: &RecordedEvent,
        key: String,
        failure: Failure,
    ) -> Result<(), Stop> {
        let (place, fence) = (self.place, holding.fence);
        let (step, lease) = ((holding.position, event.position), self.runner.settings().lease);
        let mut transaction = self.runner.database().write().await?;
        if !checkpoint::advance(&mut transaction, place, fence, step, lease).await? {
            return Err(Stop::Lost);
        }
        quarantine::open(&mut transaction, place, &key, &failure, failure.at).await?;
        quarantine::park(&mut transaction, place, [(key.clone(), event)].into_iter()).await?;
        transaction.commit().await?;
        holding.position = event.position;
        metrics::counter!("projection_failures_total",
            "projection" => place.name, "kind" => "poison")
        .increment(1);
        self.runner.board().put(place, Some(key.clone()), failure);
        holding.aside.insert(key);
        self.runner.moved();
        Ok(())
    }

    async fn leave_out(&self, holding: &mut Holding, event: &RecordedEvent) -> Result<(), Stop> {
        let (step, lease) = ((holding.position, event.position), self.runner.settings().lease);
        let mut transaction = self.runner.database().write().await?;
        if !checkpoint::advance(&mut transaction, self.place, holding.fence, step, lease).await? {
            return Err(Stop::Lost);
        }
        transaction.commit().await?;
        holding.position = event.position;
        self.note_skip(event.position, "the projection may have holes");
        self.runner.moved();
        Ok(())
    }

    /// Learns which keys were put aside, and tries those again that another build has failed on.
    pub(super) async fn recall(&self, holding: &mut Holding) -> Result<(), Stop> {
        let mut read = self.runner.database().read().await?;
        let kept = quarantine::kept(&mut read, self.place).await?;
        drop(read);
        for mut kept in kept {
            let failure = kept.failure.clone();
            let failure =
                failure.unwrap_or_else(|| self.failure("poison", "put aside for an unknown reason"));
            self.runner.board().put(self.place, Some(kept.key.clone()), failure);
            holding.aside.insert(kept.key.clone());
            if let Some(event) = kept.failure.as_ref().and_then(|failure| failure.event.as_ref()) {
                holding.mass.recall(event.position);
            }
            if kept.build != self.runner.build() {
                kept.wish = Some("retry".to_owned());
                self.release(holding, kept).await?;
            }
        }
        Ok(())
    }

    /// Does what operators wish of keys that were put aside.
    pub(super) async fn release_keys(&self, holding: &mut Holding, shutdown: &Shutdown) -> Result<(), Stop> {
        if holding.aside.is_empty() {
            return Ok(());
        }
        let mut read = self.runner.database().read().await?;
        let kept = quarantine::kept(&mut read, self.place).await?;
        drop(read);
        for kept in kept.into_iter().filter(|kept| kept.wish.is_some()) {
            if shutdown.has_begun() {
                return Err(Stop::Stopping);
            }
            self.release(holding, kept).await?;
        }
        Ok(())
    }

    async fn release(&self, holding: &mut Holding, kept: Kept) -> Result<(), Stop> {
        let is_skip = kept.wish.as_deref() == Some("skip");
        let mut len = REPLAYED;
        loop {
            let mut read = self.runner.database().read().await?;
            let waiting = quarantine::waiting(&mut read, self.place, &kept.key, len).await?;
            drop(read);
            let mut events = Vec::with_capacity(waiting.len());
            for position in &waiting {
                let before = Position::new(position.get() - 1);
                let page = self.runner.store().read_from(before, 1).await;
                events.extend(page.map_err(|error| Stop::Transient(error.to_string()))?);
            }
            match self.release_some(holding, &kept.key, &events, is_skip).await {
                Ok(true) => {
                    holding.aside.remove(&kept.key);
                    self.runner.board().remove(self.place, Some(&kept.key));
                    self.runner.moved();
                    return Ok(());
                }
                Ok(false) => len = REPLAYED,
                Err(Refused::Stop(stop)) => return Err(stop),
                Err(Refused::Poison(error)) => match events.as_slice() {
                    [event] => return self.keep(&kept, event, &error).await,
                    events => len = u32::try_from(events.len() / 2).unwrap_or(1).max(1),
                },
            }
        }
    }

    /// One transaction of a release; `true` when nothing waits any more.
    async fn release_some(
        &self,
        holding: &Holding,
        key: &str,
        events: &[RecordedEvent],
        is_skip: bool,
    ) -> Result<bool, Refused> {
        let (place, fence) = (self.place, holding.fence);
        let (here, lease) = ((holding.position, holding.position), self.runner.settings().lease);
        let mut transaction = self.runner.database().write().await?;
        if !checkpoint::advance(&mut transaction, place, fence, here, lease).await? {
            return Err(Refused::Stop(Stop::Lost));
        }
        let Some(last) = events.last() else {
            quarantine::close(&mut transaction, place, key).await?;
            transaction.commit().await?;
            return Ok(true);
        };
        if !is_skip {
            let live: Vec<_> = events.iter().collect();
            self.call(&mut transaction, &live).await?;
        }
        quarantine::settle(&mut transaction, place, key, last.position).await?;
        transaction.commit().await?;
        if is_skip {
            for event in events {
                self.note_skip(event.position, "an operator wished it");
            }
        }
        Ok(false)
    }

    /// It fails again: back into its place.
    async fn keep(&self, kept: &Kept, event: &RecordedEvent, error: &ProjectionError) -> Result<(), Stop> {
        let at = self.runner.clock().timestamp();
        let mut failure = Failure::of_event(event, &kept.key, error, self.runner.build(), at);
        failure.attempts = kept.attempts + 1;
        let mut transaction = self.runner.database().write().await?;
        quarantine::keep(&mut transaction, self.place, &kept.key, &failure, at).await?;
        transaction.commit().await?;
        self.runner.board().put(self.place, Some(kept.key.clone()), failure);
        Ok(())
    }
}
