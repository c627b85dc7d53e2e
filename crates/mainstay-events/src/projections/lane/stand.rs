//! A lane that stands still: until an operator wishes something, or another build is there.

use mainstay_core::Shutdown;

use super::{Holding, Lane, Stop};
use crate::Position;
use crate::projections::failures::Failure;
use crate::projections::progress::checkpoint::{self, Status};

impl Lane {
    /// Notes that the lane stops here, and stands still.
    pub(super) async fn halt(
        &self,
        holding: &Holding,
        status: Status,
        failure: Failure,
        shutdown: &Shutdown,
    ) -> Result<(), Stop> {
        metrics::counter!("projection_failures_total",
            "projection" => self.place.name, "kind" => failure.kind.clone())
        .increment(1);
        let mut transaction = self.runner.database().write().await?;
        let (place, fence) = (self.place, holding.fence);
        if !checkpoint::set_status(&mut transaction, place, fence, status, Some(&failure)).await? {
            return Err(Stop::Lost);
        }
        transaction.commit().await?;
        self.stand(holding, Some(failure), shutdown).await
    }

    pub(super) async fn stand(
        &self,
        holding: &Holding,
        failure: Option<Failure>,
        shutdown: &Shutdown,
    ) -> Result<(), Stop> {
        let failure = failure.unwrap_or_else(|| self.failure("poison", "stopped for an unknown reason"));
        // Another build may be the cure, once.
        let is_new = failure.build != self.runner.build() && failure.event.is_some();
        let mut wish = is_new.then(|| "retry".to_owned());
        let event = failure.event.as_ref().map(|event| event.position);
        let mut renewed = holding.renewed;
        self.runner.board().put(self.place, None, failure);
        loop {
            match wish.as_deref() {
                Some("retry") => return self.resume(holding, None).await,
                Some("skip") => return self.resume(holding, event).await,
                _ => {}
            }
            self.runner.beat(self.place);
            tokio::select! {
                () = tokio::time::sleep(self.runner.settings().poll) => {}
                () = shutdown.begun() => return Err(Stop::Stopping),
            }
            if self.runner.now() - renewed >= self.runner.settings().lease / 3 {
                self.renew(holding.fence).await?;
                renewed = self.runner.now();
            }
            let mut read = self.runner.database().read().await?;
            let Some((seen, _, _)) = checkpoint::look(&mut read, self.place, holding.fence).await? else {
                return Err(Stop::Lost);
            };
            wish = seen;
        }
    }

    /// Goes on; behind the event at `skipped`, if that is to be left out.
    async fn resume(&self, holding: &Holding, skipped: Option<Position>) -> Result<(), Stop> {
        let mut transaction = self.runner.database().write().await?;
        let (place, fence) = (self.place, holding.fence);
        if !checkpoint::set_status(&mut transaction, place, fence, Status::Running, None).await? {
            return Err(Stop::Lost);
        }
        // Only the event that it stands at: the operator has seen no other.
        let skipped = skipped.filter(|skipped| *skipped == holding.position.plus(1));
        if let Some(skipped) = skipped {
            let (step, lease) = ((holding.position, skipped), self.runner.settings().lease);
            if !checkpoint::advance(&mut transaction, place, fence, step, lease).await? {
                return Err(Stop::Lost);
            }
        }
        transaction.commit().await?;
        if let Some(position) = skipped {
            self.note_skip(position, "an operator wished it");
        }
        self.runner.board().tries_again(place);
        // Taken anew, with everything that belongs to it.
        Err(Stop::Lost)
    }

    pub(super) fn note_skip(&self, position: Position, reason: &str) {
        let (projection, position) = (self.place.name, position.get());
        tracing::warn!(projection, position, reason, "an event is left out of a read model");
        metrics::counter!("projection_skipped_total", "projection" => projection).increment(1);
    }
}
